"""The caller's own transaction: the same statements on a SQLAlchemy connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import attrs
from sqlalchemy import Connection, inspect

from ....core.domain.errors import ConnectionRefused, DifferentDatabase
from . import statements
from .mapping import Row
from .schema import meta
from .session import Session
from .sqlite.driver import driver
from .statement import Core, Parameters, Statement

T = TypeVar("T")
Unit = Callable[[Session], T]

_OPENED: Final = "errands_transaction"
"""Where a connection notes the transaction that it is surely in."""


@attrs.frozen(eq=False)
class CallerSession(Session):
    """Statements as Core on a caller's connection, with whatever driver it has."""

    connection: Connection

    def rows(self, statement: Statement, parameters: Parameters = ()) -> Sequence[Row]:
        """See the port."""
        return self.connection.execute(statement.core, statement.named(parameters)).fetchall()

    def write(self, statement: Statement, parameters: Parameters = ()) -> int:
        """See the port."""
        return self.connection.execute(statement.core, statement.named(parameters)).rowcount

    def write_many(self, statement: Statement, parameters: Sequence[Parameters]) -> int:
        """See the port. One by one: drivers disagree on the row count of a batch."""
        return sum(self.write(statement, values) for values in parameters)

    def select(self, core: Core) -> Sequence[Row]:
        """See the port."""
        return self.connection.execute(core).fetchall()

    def execute(self, core: Core) -> int:
        """See the port."""
        return self.connection.execute(core).rowcount


def run_within(connection: object, unit: Unit[T], store_id: str, url: str) -> T:
    """Run a unit on a `Connection` or `Session`, neither committing nor rolling back.

    Raises `DifferentDatabase` where the queue does not live in that database, and
    `ConnectionRefused` for anything else than a connection, for AUTOCOMMIT, and inside a
    SAVEPOINT that may be no part of a transaction.
    """
    from sqlalchemy.orm import Session as OrmSession  # its import is felt; only callers need it

    match connection:
        case Connection():
            return _run(connection, unit, store_id, url)
        case OrmSession():
            connection.flush()
            return _run(connection.connection(), unit, store_id, url)
        case _:
            kind = type(connection).__name__
            raise ConnectionRefused(f"must be a SQLAlchemy Connection or Session, not {kind}")


async def run_within_async(connection: Any, unit: Unit[T], store_id: str, url: str) -> T:
    """`run_within` for an `AsyncConnection` or `AsyncSession`, and for the sync ones."""
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

    if isinstance(connection, AsyncConnection | AsyncSession):
        return await connection.run_sync(run_within, unit, store_id, url)
    return run_within(connection, unit, store_id, url)


def _run(connection: Connection, unit: Unit[T], store_id: str, url: str) -> T:
    session = CallerSession(connection)
    if connection.dialect.name != "sqlite":
        raise DifferentDatabase(url)
    _require_same_library(connection)
    if _store_id(connection, session) != store_id:
        raise DifferentDatabase(url)
    _require_transaction(connection)
    return unit(session)


def _require_same_library(connection: Connection) -> None:
    """Two copies of SQLite in one process do not see each other's locks on a file."""
    theirs = getattr(connection.dialect.dbapi, "sqlite_version", None)
    if theirs != (ours := driver().sqlite_version):
        raise ConnectionRefused(
            f"uses another copy of SQLite ({theirs}) than this process's queues ({ours}); "
            f"give the engine module={driver().__name__}"
        )


def _store_id(connection: Connection, session: CallerSession) -> str | None:
    """The id in the meta table, looked up through the catalog so that nothing can fail."""
    if not inspect(connection).has_table(meta.name):
        return None
    rows = session.rows(statements.STORE_ID)
    return str(rows[0][0]) if rows else None


def _require_transaction(connection: Connection) -> None:
    """Make sure that the caller's end of the transaction decides about what is written.

    pysqlite opens a transaction only before the first change, and none before a SAVEPOINT:
    releasing one that is the outermost commits, and the caller's rollback comes too late.
    SQLite does not tell such a SAVEPOINT from one inside a transaction, so only those are
    trusted whose transaction was surely opened before them.
    """
    driver = connection.connection.dbapi_connection
    if connection.in_nested_transaction():
        is_known = connection.info.get(_OPENED) is connection.get_transaction()
        if not (is_known or _opens_by_itself(connection, driver)):
            raise ConnectionRefused(
                "is in a SAVEPOINT that pysqlite may have opened outside of any transaction; "
                "use it before begin_nested() too, or let the engine emit BEGIN"
            )
        return
    if not _is_in_transaction(driver):
        if _is_autocommit(driver):
            raise ConnectionRefused("is in AUTOCOMMIT mode; it needs a transaction")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    connection.info[_OPENED] = connection.get_transaction()


def _opens_by_itself(connection: Connection, driver: Any) -> bool:
    """Whether BEGIN comes with SQLAlchemy's own: from the driver, or from a listener."""
    if getattr(driver, "autocommit", None) is False:
        return True
    return _is_autocommit(driver) and bool(getattr(connection.dispatch, "begin", ()))


def _is_autocommit(driver: Any) -> bool:
    """Whether the driver leaves BEGIN to others, as SQLAlchemy's AUTOCOMMIT makes it do."""
    return driver.isolation_level is None


def _is_in_transaction(driver: Any) -> bool:
    return bool(getattr(driver, "driver_connection", driver).in_transaction)
