"""The schema's history, run by Alembic; shipped in the wheel."""
