"""A look at what is not committed yet."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from .....core.application.at_fork import is_held_here
from .....core.application.log_apart import LogApart
from .....core.domain.id_runs import IdRun
from ..events.id_ranges import batched
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

_log = LogApart(logging.getLogger("errands.mysql"))


class UncommittedView:
    """A connection of its own that sees rows which no transaction has committed.

    Who may see the statements of all users (PROCESS) knows at once whether an insert is under
    way; nobody else does. Safe from any thread; opened when it is first needed.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self._sees_all = False

    def written(self, table: str, runs: Sequence[IdRun]) -> Written | None:
        """Those of the ids a table has, committed or not; None where it cannot be told."""
        if is_held_here(self._lock):  # A signal handler's question, in the middle of one.
            return None
        with self._lock:
            try:
                connection = self._opened()
                is_all = self._sees_all and not self._is_inserting(connection, table)
                ids = [id_ for part in batched(runs) for id_ in _ids(connection, table, part)]
                return Written(frozenset(ids), is_all)
            except Exception as error:  # noqa: BLE001 - then the reader waits
                _log.debug("cannot tell what is not committed: %s", error)
                self._close()
                return None
            except BaseException:
                self._close()  # The answer may be there still, unread.
                raise

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


def _ids(connection: Connection, table: str, runs: Sequence[IdRun]) -> list[int]:
    ends = [end for run in runs for end in (run.first, run.last)]
    ranges = " OR ".join(["id BETWEEN %s AND %s"] * len(runs))
    rows = _rows(connection, f"SELECT id FROM {table} WHERE {ranges}", *ends)  # noqa: S608 - a name
    return [row[0] for row in rows]


def _rows(connection: Connection, statement: str, *values: object) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
