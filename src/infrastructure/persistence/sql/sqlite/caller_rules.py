"""A SQLite file as the host of a caller's transaction."""

from __future__ import annotations

from typing import Any, Final

import attrs
from sqlalchemy import Connection

from .....core.domain.store_errors import ConnectionRefused, DifferentDatabase
from ..caller import CallerConnection, CallerRules
from ..dialect import SqlDialect
from ..sql_connection import SqlConnection
from .dialect import SQLITE
from .driver import driver
from .file_identity import FileIdentity

_OPENED: Final = "errands_transaction"
"""Where a connection notes the transaction that it is surely in."""


@attrs.frozen(eq=False)
class SqliteCallerRules(CallerRules):
    """What a caller's connection to the SQLite file must fulfil."""

    url: str
    file: FileIdentity | None
    """None for a database in memory, which no caller's connection leads to."""
    dialect: SqlDialect = SQLITE
    wanted: str = "a SQLAlchemy Connection or Session"

    def is_spoken_by(self, dialect: str) -> bool:
        return dialect == "sqlite"

    def sql_on(self, connection: object) -> SqlConnection | None:
        """The driver's own connections know no savepoints of SQLAlchemy's."""
        del connection
        return None

    def require_place(self, sql: CallerConnection) -> None:
        """A clone of the file is another file."""
        listed = sql.connection.exec_driver_sql("PRAGMA database_list")
        path = next((file for _, name, file in listed if name == "main"), "")
        if self.file is None or not self.file.is_at(path):
            raise DifferentDatabase(self.url)

    def require_driver(self, connection: Connection) -> None:
        """Two copies of SQLite in one process do not see each other's locks on a file."""
        theirs = getattr(connection.dialect.dbapi, "sqlite_version", None)
        if theirs != (ours := driver().sqlite_version):
            raise ConnectionRefused(
                f"uses another copy of SQLite ({theirs}) than this process's queues ({ours}); "
                f"give the engine module={driver().__name__}"
            )

    def require_transaction(self, connection: Connection) -> None:
        """Refuse a SAVEPOINT that may be no part of a transaction.

        Pysqlite opens a transaction only before the first change, and none before a SAVEPOINT:
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
