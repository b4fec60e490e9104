"""Stored rows, as the doctor looks at them."""
