"""The job: its entity, its life as one table, and its value objects."""
