"""One run of one job: its handler in a task or in a thread, and what it came to."""
