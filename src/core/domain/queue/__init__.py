"""The named queue and its durable settings."""
