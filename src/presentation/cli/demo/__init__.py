"""`errands demo`."""
