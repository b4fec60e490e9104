"""How Alembic runs the migrations: always on a connection that the store hands it."""

from __future__ import annotations

from alembic import context

from errands.infrastructure.persistence.sql.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
