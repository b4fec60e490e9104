"""A connection to SQLite that is closed before every fork."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .....core.application.at_fork import is_held_here
from .....core.domain.store_errors import StoreNotOpen
from .driver import Connection
from .forks import FORKS, Forks


class ForkSafeConnection:
    """Opened when it is first used, closed before a fork, and opened again when needed.

    Whoever uses it holds `lock`, from before `opened` until there is no cursor of it left.
    A thread that holds two takes the lock of the older one first. One in memory is never
    closed: it would be empty afterwards.
    """

    def __init__(
        self,
        url: str,
        connect: Callable[[], Connection],
        *,
        is_memory: bool = False,
        writes_to: str | None = None,
        forks: Forks = FORKS,
    ) -> None:
        self.lock = threading.RLock()
        self.openings = 0
        """How often it was opened."""
        self.writes_to = writes_to
        self._url = url
        self._connect = connect
        self._is_memory = is_memory
        self._is_ended = False
        self._connection: Connection | None = None
        forks.watch(self)

    @property
    def is_open(self) -> bool:
        """Whether there is a connection just now."""
        return self._connection is not None

    @property
    def is_used_here(self) -> bool:
        """Whether the calling thread holds the lock."""
        return is_held_here(self.lock)

    def opened(self) -> Connection:
        """The connection. Raises what connecting raises, and `StoreNotOpen` after `end`."""
        connection = self._connection
        if connection is None:
            if self._is_ended:
                raise StoreNotOpen(self._url)
            connection = self._connection = self._connect()
            self.openings += 1
        return connection

    def close(self) -> None:
        """Close it before a fork; the next use opens it again."""
        if not self._is_memory:
            self._close()

    def end(self) -> None:
        """Close it for good."""
        self._is_ended = True
        self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
