"""Bring a SQLite file's schema up to date, once, whoever comes first."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from .....core.domain.store_errors import OutdatedSchema, StoreBusy, StoreCorrupt
from ..migrations import upgrade_to_newest
from ..revision import known
from ..schema import REVISIONS
from .driver import Connection, driver, is_busy
from .schema import TABLES

T = TypeVar("T")

_log = logging.getLogger("errands.migrate")


def current_revision(connection: Connection) -> str | None:
    """The revision of the file, None where it has no schema yet."""
    catalog = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    if connection.execute(catalog, (TABLES.version_table,)).fetchone() is None:
        return None
    row = connection.execute("SELECT version_num FROM errands_schema").fetchone()
    return None if row is None else str(row[0])


def bring_up_to_date(
    connection: Connection, url: str, *, migrates: bool, busy_seconds: float
) -> str:
    """Migrate if need be, under the write lock, and return the store's id.

    Raises `NewerSchema` for a revision that this version does not know, and
    `OutdatedSchema` where it would have to migrate and must not.
    """
    patience = _Patience(url, busy_seconds)
    revision = known(patience.run(lambda: current_revision(connection)), url)
    if revision != REVISIONS[-1]:
        if not migrates:
            raise OutdatedSchema(url, f"it is at {revision or 'no revision'}")
        patience.run(lambda: connection.execute("BEGIN IMMEDIATE"))
        try:
            _migrate(connection, url)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return patience.run(lambda: _store_id(connection, url))


def _store_id(connection: Connection, url: str) -> str:
    row = connection.execute("SELECT value FROM errands_meta WHERE name = 'store_id'").fetchone()
    if row is None:
        raise StoreCorrupt(url, "it has Errands' tables, but no store id")
    return str(row[0])


@attrs.frozen
class _Patience:
    """Tries again while another process recovers, migrates or writes the file."""

    url: str
    busy_seconds: float

    def run(self, action: Callable[[], T]) -> T:
        """What the action gives, once it is not busy. Raises `StoreBusy`."""
        started = time.monotonic()
        while True:
            try:
                return action()
            except Exception as error:
                if not is_busy(error):
                    raise
                if time.monotonic() - started > self.busy_seconds:
                    raise StoreBusy(self.url, "while it was opened") from error
                time.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - jitter


def _migrate(connection: Connection, url: str) -> None:
    """Run what is missing; another process may have been here since we looked."""
    revision = known(current_revision(connection), url)
    if revision == REVISIONS[-1]:
        return
    _upgrade(connection)
    if revision is None:
        connection.execute(
            "INSERT INTO errands_meta (name, value) VALUES ('store_id', ?)", (uuid.uuid4().hex,)
        )
    _log.info("%s: schema is at revision %s", url, REVISIONS[-1])


def _upgrade(connection: Connection) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    lent = _Lent(connection)
    engine = create_engine("sqlite://", creator=lambda: lent, poolclass=StaticPool, module=driver())
    with engine.connect() as lent_connection:
        upgrade_to_newest(lent_connection, TABLES)
        lent_connection.commit()


class _Lent:
    """The writer connection, lent to SQLAlchemy: its transaction stays ours to end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def commit(self) -> None:
        """Left to the lender."""

    def rollback(self) -> None:
        """Left to the lender."""

    def close(self) -> None:
        """Left to the lender."""
