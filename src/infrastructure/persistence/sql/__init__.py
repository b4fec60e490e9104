"""Stores over SQL: a folder for each thing that is stored, and one for each engine."""
