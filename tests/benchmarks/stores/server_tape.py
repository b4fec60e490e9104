"""Writes of a server store, recorded transaction by transaction."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import attrs

from errands.infrastructure.persistence.sql.server.loop_runner import LoopRunner, NotPipelined
from errands.infrastructure.persistence.sql.server.transaction_runner import TransactionRunner
from tests.benchmarks.stores.calls import Call, Reel
from tests.benchmarks.stores.store import Tape


class ServerTape(Tape):
    """Records what a server is sent."""

    def __init__(self) -> None:
        self._transactions: list[list[Call]] = []

    @property
    def transactions(self) -> list[list[Call]]:
        return self._transactions

    def clear(self) -> None:
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

    def begin(self, connection: Any, *, only_reads: bool) -> Any:
        if only_reads:
            return self._driver.begin(connection, only_reads=True)
        _, reel = self._reels.setdefault(id(connection), (connection, Reel(connection)))
        reel.start()
        return TapedTransaction(
            self._driver.begin(reel.connection, only_reads=False), reel, self._tape
        )


@attrs.frozen(eq=False)
class TapedTransaction:
    """A transaction that is kept on the tape when it has been committed."""

    transaction: Any
    reel: Reel
    tape: ServerTape

    @property
    def sql(self) -> Any:
        return self.transaction.sql

    def commit(self) -> None:
        self.transaction.commit()
        if calls := self.reel.stop(keep=True):
            self.tape.transactions.append(calls)

    def rollback(self) -> None:
        self.transaction.rollback()
        self.reel.stop(keep=False)


@contextmanager
def taped() -> Generator[ServerTape]:
    """What applications write to a server that are opened inside the block.

    All of it in the ordinary way: the messages are the same on the event loop.
    """
    tape = ServerTape()
    build = TransactionRunner.__init__

    def build_on_tape(self: TransactionRunner, driver: Any, *others: Any, **named: Any) -> None:
        on_tape: Any = TapedDriver(driver, tape)
        build(self, on_tape, *others, **named)

    with (
        patch.object(TransactionRunner, "__init__", build_on_tape),
        patch.object(LoopRunner, "run", _refuse),
    ):
        yield tape


async def _refuse(_: LoopRunner, _work: object) -> None:
    raise NotPipelined
