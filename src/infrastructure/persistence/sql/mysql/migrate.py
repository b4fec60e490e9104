"""Bring a MariaDB or MySQL database up to date, once, whoever comes first."""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Final

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import StaticPool

from .....core.domain.errors import OutdatedSchema, StoreBusy, StoreCorrupt
from ..migrations import migrations
from ..revision import current_revision, known
from ..schema import REVISIONS, Tables
from .driver import MysqlDriver

_log = logging.getLogger("errands.migrate")
WAIT_SECONDS: Final = 300
"""How long it is waited for another process that migrates."""


def bring_up_to_date(driver: MysqlDriver, *, migrates: bool) -> str:
    """Migrate if need be, under a named lock, and return the store's id.

    Each change of the schema is a transaction of its own: where one attempt broke off, the
    next goes on. The last revision and the store's id come last, in one commit. Raises
    `NewerSchema` for a revision that this version does not know, and `OutdatedSchema` where it
    would have to migrate and must not.
    """
    tables = driver.grammar.tables
    with connected(driver) as connection:
        revision = known(current_revision(connection, tables), driver.url)
        if revision != REVISIONS[-1]:
            if not migrates:
                raise OutdatedSchema(driver.url, f"it is at {revision or 'no revision'}")
            with _locked(connection, tables, driver.url):
                _migrate(connection, driver)
        return _store_id(connection, driver)


@contextmanager
def connected(driver: MysqlDriver) -> Generator[Connection, None, None]:
    """A connection of SQLAlchemy's over one of the driver's."""
    with closing(driver.connect()) as own:
        own.autocommit(False)
        engine = create_engine(
            f"{driver.dialect_name}://", creator=lambda: own, poolclass=StaticPool
        )
        with engine.connect() as connection:
            yield connection


@contextmanager
def _locked(connection: Connection, tables: Tables, url: str) -> Generator[None, None, None]:
    """The lock is the session's: whoever dies gives it back."""
    place = f"{connection.scalar(text('SELECT DATABASE()'))}.{tables.prefix}"
    name = {"name": f"errands:{hashlib.sha256(place.encode()).hexdigest()[:40]}"}
    wait = {**name, "seconds": WAIT_SECONDS}
    if connection.scalar(text("SELECT GET_LOCK(:name, :seconds)"), wait) != 1:
        raise StoreBusy(url, f"another process has been migrating it for {WAIT_SECONDS} s")
    try:
        yield
    finally:
        connection.execute(text("SELECT RELEASE_LOCK(:name)"), name)


def _migrate(connection: Connection, driver: MysqlDriver) -> None:
    """Run what is missing; another process may have been here since we looked."""
    from alembic.command import upgrade

    tables, url = driver.grammar.tables, driver.url
    connection.rollback()
    revision = known(current_revision(connection, tables), url)
    if revision != REVISIONS[-1]:
        upgrade(migrations(connection, tables), "head")
        if connection.execute(driver.grammar.statements.store_id.core).scalar() is None:
            identity = {"name": "store_id", "value": uuid.uuid4().hex}
            connection.execute(tables.meta.insert().values(identity))
        _log.info("%s: schema is at revision %s", url, REVISIONS[-1])
    connection.commit()


def _store_id(connection: Connection, driver: MysqlDriver) -> str:
    found = connection.execute(driver.grammar.statements.store_id.core).scalar()
    if found is None:
        raise StoreCorrupt(driver.url, "it has Errands' tables, but no store id")
    return str(found)
