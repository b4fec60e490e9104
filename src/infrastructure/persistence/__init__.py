"""Stores, each behind the port of the same noun."""
