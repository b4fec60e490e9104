"""The outside: stores, wakeups, executors, JSON, ids, settings and the composition root."""
