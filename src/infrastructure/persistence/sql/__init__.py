"""Stores over SQL: one schema, one mapping, one set of statements."""
