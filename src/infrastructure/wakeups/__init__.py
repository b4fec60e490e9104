"""Hints between producers and workers, in and across processes."""
