"""Reader connections: snapshots that neither wait for the writer nor hold it up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, TypeVar

from .driver import Connection, connect_reader, translated
from .session import DriverSession

T = TypeVar("T")
KEPT: Final = 4


class SqliteReaders:
    """A small pool of connections; any thread may read."""

    def __init__(self, path: str, url: str) -> None:
        self._path = path
        self._url = url
        self._idle: deque[Connection] = deque()
        self._is_closed = False

    def run(self, unit: Callable[[DriverSession], T]) -> T:
        """Run a unit on one snapshot."""
        try:
            connection = self._borrow()
            connection.execute("BEGIN")
            try:
                return unit(DriverSession(connection))
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._give_back(connection)
        except Exception as error:
            told = translated(error, self._url)
            if told is None:
                raise
            raise told from error

    def close(self) -> None:
        """Close what is idle now, and the rest as it comes back."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def _borrow(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return connect_reader(self._path)

    def _give_back(self, connection: Connection) -> None:
        if self._is_closed or len(self._idle) >= KEPT:
            connection.close()
        else:
            self._idle.append(connection)
