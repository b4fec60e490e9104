"""Reader connections: snapshots that neither wait for the writer nor hold it up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from .driver import Connection, connect_reader, translated
from .fork_safe_connection import ForkSafeConnection
from .forks import FORKS
from .sql_connection import SqliteConnection

T = TypeVar("T")
KEPT: Final = 4


class SqliteReaders:
    """A small pool of connections; any thread may read."""

    def __init__(self, path: str, url: str) -> None:
        self._path = path
        self._url = url
        self._idle: deque[ForkSafeConnection] = deque()
        self._is_closed = False

    def run(self, unit: Callable[[SqliteConnection], T]) -> T:
        """Run a unit on one snapshot."""
        FORKS.let_pass()
        reader = self._borrow()
        try:
            with reader.lock:
                return _read(reader.opened(), unit)
        except Exception as error:
            store_error = translated(error, self._url)
            if store_error is None:
                raise
            raise store_error from error
        finally:
            self._give_back(reader)

    def close(self) -> None:
        """Close what is idle now, and the rest as it comes back."""
        self._is_closed = True
        while self._idle:
            _end(self._idle.pop())

    def _borrow(self) -> ForkSafeConnection:
        try:
            return self._idle.pop()
        except IndexError:
            return ForkSafeConnection(self._url, partial(connect_reader, self._path))

    def _give_back(self, reader: ForkSafeConnection) -> None:
        if self._is_closed or len(self._idle) >= KEPT:
            _end(reader)
        else:
            self._idle.append(reader)


def _read(connection: Connection, unit: Callable[[SqliteConnection], T]) -> T:
    try:
        connection.execute("BEGIN")
        answer = unit(SqliteConnection(connection))
        connection.execute("ROLLBACK")
    except BaseException:
        connection.rollback()
        raise
    return answer


def _end(reader: ForkSafeConnection) -> None:
    with reader.lock:
        reader.end()
