"""Bring a PostgreSQL schema up to date, once, whoever comes first."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Final
from zlib import crc32

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import StaticPool

from .....core.domain.errors import OutdatedSchema, StoreCorrupt
from ..migrations import migrations
from ..revision import current_revision, known
from ..schema import REVISIONS, Tables
from .driver import PostgresqlDriver

_log = logging.getLogger("errands.migrate")
_LOCK: Final = 0x4552524E
"""The first half of the advisory lock's number; the second tells schemas and prefixes apart."""


def bring_up_to_date(driver: PostgresqlDriver, *, migrates: bool) -> str:
    """Migrate if need be, under an advisory lock, and return the store's id.

    All of it is one transaction. Raises `NewerSchema` for a revision that this version does
    not know, and `OutdatedSchema` where it would have to migrate and must not.
    """
    tables = driver.grammar.tables
    with connected(driver) as connection:
        revision = known(current_revision(connection, tables), driver.url)
        if revision != REVISIONS[-1]:
            if not migrates:
                raise OutdatedSchema(driver.url, f"it is at {revision or 'no revision'}")
            _migrate(connection, tables, driver.url)
        return _store_id(connection, driver)


@contextmanager
def connected(driver: PostgresqlDriver) -> Generator[Connection, None, None]:
    """A connection of SQLAlchemy's over one of the driver's."""
    with closing(driver.connect()) as own:
        own.autocommit = False
        engine = create_engine("postgresql+psycopg://", creator=lambda: own, poolclass=StaticPool)
        with engine.connect() as connection:
            yield connection


def _migrate(connection: Connection, tables: Tables, url: str) -> None:
    """Run what is missing; another process may have been here since we looked."""
    from alembic.command import upgrade

    name = f"{tables.schema or ''}.{tables.prefix}"
    lock = text("SELECT pg_advisory_xact_lock(:first, :second)")
    connection.rollback()
    connection.execute(lock, {"first": _LOCK, "second": crc32(name.encode()) - 2**31})
    revision = known(current_revision(connection, tables), url)
    if revision != REVISIONS[-1]:
        if tables.schema is not None:
            quoted = connection.dialect.identifier_preparer.quote_schema(tables.schema)
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {quoted}"))
        upgrade(migrations(connection, tables), "head")
        if revision is None:
            identity = {"name": "store_id", "value": uuid.uuid4().hex}
            connection.execute(tables.meta.insert().values(identity))
        _log.info("%s: schema is at revision %s", url, REVISIONS[-1])
    connection.commit()


def _store_id(connection: Connection, driver: PostgresqlDriver) -> str:
    found = connection.execute(driver.grammar.statements.store_id.core).scalar()
    if found is None:
        raise StoreCorrupt(driver.url, "it has Errands' tables, but no store id")
    return str(found)
