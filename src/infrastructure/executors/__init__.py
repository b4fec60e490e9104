"""Where synchronous handlers run."""
