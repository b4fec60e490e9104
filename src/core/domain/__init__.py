"""The rules of a job queue: pure, without I/O, clock or randomness."""
