"""A look at what is not committed yet."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from ..server.driver import Connection
from .horizon import Written

_UNCOMMITTED: Final = "SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED"
_SEES_ALL: Final = (
    "SELECT count(*) FROM information_schema.user_privileges WHERE privilege_type = 'PROCESS'"
    """ AND grantee = CONCAT("'", REPLACE(CURRENT_USER(), '@', "'@'"), "'")"""
)
_INSERTING: Final = (
    "SELECT count(*) FROM information_schema.processlist WHERE id <> CONNECTION_ID()"
    " AND info LIKE %s"
)

_log = logging.getLogger("errands.mysql")


class SideView:
    """A connection of its own that sees rows which no transaction has committed.

    Who may see the statements of all users (PROCESS) knows at once whether an insert is under
    way; nobody else does. Safe from any thread; opened when it is first needed.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._sees_all = False

    def written(self, table: str, after: int, up_to: int) -> Written | None:
        """The ids in a table between these, committed or not; None where it cannot be told."""
        with self._lock:
            try:
                connection = self._opened()
                is_all = self._sees_all and not self._is_inserting(connection, table)
                query = f"SELECT id FROM {table} WHERE id > %s AND id <= %s"  # noqa: S608 - a name
                rows = _rows(connection, query, after, up_to)
                return Written(frozenset(row[0] for row in rows), is_all)
            except Exception as error:  # noqa: BLE001 - then the reader waits
                _log.debug("cannot tell what is not committed: %s", error)
                self._close()
                return None

    def close(self) -> None:
        """Close the connection; it is opened again when it is needed."""
        with self._lock:
            self._close()

    def _opened(self) -> Connection:
        if self._connection is None:
            self._connection = self._connect()
            _rows(self._connection, _UNCOMMITTED)
            self._sees_all = bool(_rows(self._connection, _SEES_ALL)[0][0])
        return self._connection

    def _is_inserting(self, connection: Connection, table: str) -> bool:
        return bool(_rows(connection, _INSERTING, f"%INSERT INTO {table} %")[0][0])

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _rows(connection: Connection, statement: str, *values: object) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
