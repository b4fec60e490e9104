"""Bring a MariaDB or MySQL database up to date, once, whoever comes first."""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import StaticPool

from .....core.domain.store_errors import OutdatedSchema, StoreBusy, StoreCorrupt
from ..migrations import upgrade_to_newest
from ..revision import current_revision, known
from ..schema import REVISIONS, Tables
from ..server.driver import MIGRATION_SECONDS, QUIET_MIGRATION_SECONDS
from .driver import MysqlDriver

_log = logging.getLogger("errands.migrate")
WAIT_SECONDS: Final = 300
"""How long it is waited for another process that migrates."""
_WITHOUT_LIMITS: Final = {
    "mariadb": "SET SESSION max_statement_time = 0,"
    f" SESSION idle_transaction_timeout = {QUIET_MIGRATION_SECONDS}",
    "mysql": "SET SESSION max_execution_time = 0",
}
"""What the server or the account has for each statement is meant for others: it would end the
waiting, or break off a table that is built anew."""


def bring_up_to_date(driver: MysqlDriver, *, migrates: bool) -> str:
    """Migrate if need be, under a named lock, and return the store's id.

    Each change of the schema is a transaction of its own: where one attempt broke off, the
    next goes on. The last revision and the store's id come last, in one commit. Raises
    `NewerSchema` for a revision that this version does not know, and `OutdatedSchema` where it
    would have to migrate and must not.
    """
    tables = driver.dialect.tables
    with connected(driver) as connection:
        revision = known(current_revision(connection, tables), driver.url)
        if revision == REVISIONS[-1]:
            return _store_id(connection, driver)
    if not migrates:
        raise OutdatedSchema(driver.url, f"it is at {revision or 'no revision'}")
    with connected(driver, MIGRATION_SECONDS) as connection:
        connection.execute(text(_WITHOUT_LIMITS[driver.flavour.name]))
        _lock(connection, tables, driver.url)
        _migrate(connection, driver)
        return _store_id(connection, driver)


@contextmanager
def connected(
    driver: MysqlDriver, answer_seconds: float | None = None
) -> Generator[Connection, None, None]:
    """A connection of SQLAlchemy's over one of the driver's."""
    own = driver.connect(answer_seconds)
    try:
        own.autocommit(False)
        engine = create_engine(
            f"{driver.dialect_name}://", creator=lambda: own, poolclass=StaticPool
        )
        with engine.connect() as connection:
            yield connection
    finally:
        with suppress(driver.module.Error):  # SQLAlchemy has closed one that was lost.
            own.close()


def _lock(connection: Connection, tables: Tables, url: str) -> None:
    """The lock is the session's: it ends with the connection, however that ends."""
    place = f"{connection.scalar(text('SELECT DATABASE()'))}.{tables.prefix}"
    name = f"errands:{hashlib.sha256(place.encode()).hexdigest()[:40]}"
    wait = {"name": name, "seconds": WAIT_SECONDS}
    if connection.scalar(text("SELECT GET_LOCK(:name, :seconds)"), wait) != 1:
        raise StoreBusy(url, f"another process has been migrating it for {WAIT_SECONDS} s")


def _migrate(connection: Connection, driver: MysqlDriver) -> None:
    """Run what is missing; another process may have been here since we looked."""
    tables, url = driver.dialect.tables, driver.url
    connection.rollback()
    revision = known(current_revision(connection, tables), url)
    if revision != REVISIONS[-1]:
        upgrade_to_newest(connection, tables)
        if connection.execute(driver.dialect.statements.meta.store_id.core).scalar() is None:
            identity = {"name": "store_id", "value": uuid.uuid4().hex}
            connection.execute(tables.meta.insert().values(identity))
        _log.info("%s: schema is at revision %s", url, REVISIONS[-1])
    connection.commit()


def _store_id(connection: Connection, driver: MysqlDriver) -> str:
    found = connection.execute(driver.dialect.statements.meta.store_id.core).scalar()
    if found is None:
        raise StoreCorrupt(driver.url, "it has Errands' tables, but no store id")
    return str(found)
