"""Bring a PostgreSQL schema up to date, once, whoever comes first."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Any, Final
from zlib import crc32

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import StaticPool

from .....core.domain.store_errors import OutdatedSchema, StoreCorrupt
from ..migrations import upgrade_to_newest
from ..revision import current_revision, known
from ..schema import REVISIONS, Tables
from ..server.driver import MIGRATION_SECONDS, QUIET_MIGRATION_SECONDS
from .driver import PostgresqlDriver

_log = logging.getLogger("errands.migrate")
_LOCK: Final = 0x4552524E
"""The first half of the advisory lock's number; the second tells schemas and prefixes apart."""
_NO_LIMITS: Final = (
    "SELECT set_config(name, '0', true) FROM pg_settings"
    " WHERE name IN ('statement_timeout', 'lock_timeout', 'transaction_timeout')"
)
_OPENING: Final = (
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
    _NO_LIMITS,
    f"SET LOCAL idle_in_transaction_session_timeout = '{QUIET_MIGRATION_SECONDS}s'",
)
"""What the database or the role has for each transaction is meant for others: a snapshot would
hide what was migrated meanwhile, a time limit end the waiting, or an index half built."""
_LOCKS_AS_ELSEWHERE: Final = "SET LOCAL lock_timeout TO DEFAULT"
"""Whoever waits to change a table holds up all who use it; how long that may take is theirs."""


def bring_up_to_date(driver: PostgresqlDriver, *, migrates: bool) -> str:
    """Migrate if need be, under an advisory lock, and return the store's id.

    All of it is one transaction. Raises `NewerSchema` for a revision that this version does
    not know, and `OutdatedSchema` where it would have to migrate and must not.
    """
    tables = driver.dialect.tables
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
    name = f"{tables.schema or ''}.{tables.prefix}"
    lock = text("SELECT pg_advisory_xact_lock(:first, :second)")
    connection.rollback()
    own: Any = connection.connection.dbapi_connection
    own.answer_seconds = MIGRATION_SECONDS
    for statement in _OPENING:
        connection.execute(text(statement))
    connection.execute(lock, {"first": _LOCK, "second": crc32(name.encode()) - 2**31})
    connection.execute(text(_LOCKS_AS_ELSEWHERE))
    revision = known(current_revision(connection, tables), url)
    if revision != REVISIONS[-1]:
        if tables.schema is not None:
            quoted = connection.dialect.identifier_preparer.quote_schema(tables.schema)
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {quoted}"))
        upgrade_to_newest(connection, tables)
        if revision is None:
            identity = {"name": "store_id", "value": uuid.uuid4().hex}
            connection.execute(tables.meta.insert().values(identity))
        _log.info("%s: schema is at revision %s", url, REVISIONS[-1])
    connection.commit()


def _store_id(connection: Connection, driver: PostgresqlDriver) -> str:
    found = connection.execute(driver.dialect.statements.meta.store_id.core).scalar()
    if found is None:
        raise StoreCorrupt(driver.url, "it has Errands' tables, but no store id")
    return str(found)
