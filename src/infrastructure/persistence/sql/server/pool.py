"""The connections of one process to a database server."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from .....core.domain.errors import StoreBusy
from .driver import Connection, ServerDriver

SPARE: Final = 2
"""Connections beyond those of the store's own threads: for other threads that call it, and for
messages on the event loop."""

OLDEST: Final = 1_800
"""Seconds after which a connection is replaced, so that load spreads after a failover."""


class Pool:
    """Lends connections; one that broke is thrown away, and with it all that are older."""

    def __init__(self, driver: ServerDriver, size: int, wait_seconds: float) -> None:
        self._driver = driver
        self._is_closed = False
        self.generation = 0
        """How often it was renewed."""
        self._pool = QueuePool(
            driver.connect,
            pool_size=size,
            max_overflow=SPARE,
            timeout=wait_seconds,
            recycle=OLDEST,
            use_lifo=True,
            reset_on_return=None,
        )
        self._urgent = QueuePool(
            driver.connect, pool_size=1, max_overflow=0, timeout=wait_seconds, reset_on_return=None
        )

    @contextmanager
    def lent(self, *, urgent: bool = False) -> Generator[Connection, None, None]:
        """A connection for the length of a block; urgent ones need not wait for the others."""
        pool = self._urgent if urgent else self._pool
        try:
            lent = pool.connect()
        except PoolTimeout as error:
            raise StoreBusy(self._driver.url, "all connections are in use") from error
        connection: Any = lent.dbapi_connection
        try:
            yield connection
        finally:
            is_current = pool is self._urgent or pool is self._pool
            if is_current and not self._is_closed and self._driver.is_usable(connection):
                lent.close()
            else:
                lent.invalidate()

    def renew(self) -> None:
        """Forget idle connections: the server they were made to has gone.

        Those that are lent belong to the pool left behind; they are closed as they come back.
        """
        stale, self._pool = self._pool, self._pool.recreate()
        self.generation += 1
        stale.dispose()

    def close(self) -> None:
        """Close what is idle; what is lent is closed as it comes back."""
        self._is_closed = True
        self._pool.dispose()
        self._urgent.dispose()
