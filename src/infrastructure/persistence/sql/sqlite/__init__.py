"""SQLite: one file, one writer connection in a process, WAL readers."""
