"""The log lines of jobs."""
