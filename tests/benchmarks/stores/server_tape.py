"""Writes of a server store, recorded transaction by transaction."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from errands.infrastructure.persistence.sql.server.units import Units
from tests.benchmarks.stores.calls import Call, Reel
from tests.benchmarks.stores.store import Tape


class ServerTape(Tape):
    """See the protocol."""

    def __init__(self) -> None:
        self._transactions: list[list[Call]] = []

    @property
    def transactions(self) -> list[list[Call]]:
        """See the protocol."""
        return self._transactions

    def clear(self) -> None:
        """See the protocol."""
        self._transactions.clear()


class TapedDriver:
    """Passes everything on to a driver, and has transactions that write on a tape.

    A call belongs to the transaction if it comes between the start of `begin` and the end of
    `commit`, so that what these two send is on the tape as well. What is rolled back is not.
    """

    def __init__(self, driver: Any, tape: ServerTape) -> None:
        self._driver = driver
        self._tape = tape
        self._reels: dict[int, tuple[Any, Reel]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def begin(self, connection: Any, *, only_reads: bool) -> None:
        """See the protocol."""
        if not only_reads:
            _, reel = self._reels.setdefault(id(connection), (connection, Reel(connection)))
            reel.start()
        self._driver.begin(self._taped(connection), only_reads=only_reads)

    def session(self, connection: Any) -> Any:
        """See the protocol."""
        return self._driver.session(self._taped(connection))

    def commit(self, connection: Any) -> None:
        """See the protocol."""
        self._driver.commit(self._taped(connection))
        self._stop(connection, keep=True)

    def rollback(self, connection: Any) -> None:
        """See the protocol."""
        self._driver.rollback(self._taped(connection))
        self._stop(connection, keep=False)

    def _taped(self, connection: Any) -> Any:
        reel = self._running(connection)
        return connection if reel is None else reel.connection

    def _running(self, connection: Any) -> Reel | None:
        _, reel = self._reels.get(id(connection), (None, None))
        return reel if reel is not None and reel.is_running else None

    def _stop(self, connection: Any, *, keep: bool) -> None:
        reel = self._running(connection)
        calls = [] if reel is None else reel.stop(keep=keep)
        if calls:
            self._tape.transactions.append(calls)


@contextmanager
def taped() -> Generator[ServerTape]:
    """What applications write to a server that are opened inside the block."""
    tape = ServerTape()
    build = Units.__init__

    def build_on_tape(self: Units, driver: Any, *others: Any, **named: Any) -> None:
        on_tape: Any = TapedDriver(driver, tape)
        build(self, on_tape, *others, **named)

    with patch.object(Units, "__init__", build_on_tape):
        yield tape
