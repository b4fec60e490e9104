"""The table of queues."""
