"""`errands db`."""
