"""The kinds of database that are measured."""
