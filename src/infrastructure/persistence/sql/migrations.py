"""Alembic, for one set of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from ...fork_safe_lock import fork_safe_lock
from .schema import Tables

if TYPE_CHECKING:
    from alembic.config import Config

_one_at_a_time: Final = fork_safe_lock()
"""Alembic keeps what it works on in globals of its modules, one for the whole process."""


def upgrade_to_newest(connection: Connection, tables: Tables) -> None:
    """Bring these tables up to date on this connection, whatever else is migrated meanwhile.

    Whoever calls this has locked the database already, so that all wait in the same order.
    """
    from alembic.command import upgrade

    with _one_at_a_time:
        upgrade(migrations(connection, tables), "head")


def migrations(connection: Connection, tables: Tables) -> Config:
    """What Alembic's commands take to migrate these tables on this connection."""
    from alembic.config import Config  # its import is felt; only migrating needs it

    config = Config()
    config.set_main_option("script_location", "errands.migrations:")
    config.attributes["connection"] = connection
    config.attributes["tables"] = tables
    return config
