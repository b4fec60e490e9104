"""`errands jobs`."""
