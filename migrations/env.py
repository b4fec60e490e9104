"""How Alembic runs the migrations: always on a connection and for tables that a store hands it."""

from __future__ import annotations

from alembic import context

tables = context.config.attributes["tables"]
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    version_table=tables.version_table,
    version_table_schema=tables.schema,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
