"""Which revision a schema is at, and whether this version can work with it."""

from __future__ import annotations

from sqlalchemy import Connection, column, inspect, select, table

from ....core.domain.store_errors import NewerSchema
from .schema import REVISIONS, Tables


def current_revision(connection: Connection, tables: Tables) -> str | None:
    """The revision of the schema, None where there is none yet."""
    if not inspect(connection).has_table(tables.version_table, schema=tables.schema):
        return None
    versions = table(tables.version_table, column("version_num"), schema=tables.schema)
    found = connection.execute(select(versions.c.version_num)).scalar()
    return None if found is None else str(found)


def known(revision: str | None, url: str) -> str | None:
    """The revision. Raises `NewerSchema` for one that this version does not know."""
    if revision is not None and revision not in REVISIONS:
        raise NewerSchema(url, f"it is at revision {revision}, this version knows {REVISIONS[-1]}")
    return revision
