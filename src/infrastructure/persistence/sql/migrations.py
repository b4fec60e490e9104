"""Alembic's configuration for one set of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from .schema import Tables

if TYPE_CHECKING:
    from alembic.config import Config


def migrations(connection: Connection, tables: Tables) -> Config:
    """What Alembic's commands take to migrate these tables on this connection."""
    from alembic.config import Config  # its import is felt; only migrating needs it

    config = Config()
    config.set_main_option("script_location", "errands.migrations:")
    config.attributes["connection"] = connection
    config.attributes["tables"] = tables
    return config
