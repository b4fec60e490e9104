"""TransactionRunner that are one message to the server, run on the event loop without a thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Executor
from contextlib import ExitStack, suppress
from datetime import datetime
from functools import partial
from typing import Final, Protocol, TypeVar

import attrs

from .....core.domain.events import Hint
from .....core.ports.executor import NoThread
from .....core.ports.store import Work
from ..unit_of_work import SqlUnitOfWork
from .driver import Connection, Transaction
from .pool import OLDEST, Pool

T = TypeVar("T")

LAST_TURN_SECONDS: Final = 5.0
"""How long closing waits for a message under way."""

_log = logging.getLogger("errands.server")


class NotPipelined(Exception):
    """The unit has to be run in the ordinary way; nothing of it is known to have happened."""


class PipelinedTransaction(Transaction, Protocol):
    """A transaction that sends nothing before it commits: a statement raises `NotPipelined`."""

    async def commit_on_loop(self) -> None:
        """Send everything, and wait for the answer without a thread."""
        ...

    def finish(self) -> None:
        """Wait on this thread for the answer to what was sent on the loop."""
        ...


class AsyncDriver(Protocol):
    """A driver that can wait on an event loop."""

    def begin_message(self, connection: Connection) -> PipelinedTransaction:
        """Begin a transaction of one message."""
        ...

    def is_usable(self, connection: Connection) -> bool:
        """Whether a connection is worth keeping; asks nobody."""
        ...


@attrs.frozen(eq=False)
class _Kept:
    """A connection that the pool has lent for long."""

    connection: Connection
    lending: ExitStack
    generation: int
    until: float


@attrs.define(eq=False)
class _Turn:
    """Whether one has the turn, and what a thread has to do at its end."""

    is_ours: bool = False
    rest: Callable[[], None] | None = None


class LoopRunner:
    """Runs units on a connection of its own, one at a time, while that goes well.

    To wait for the server a unit needs no thread, and to wake two of them costs half as much
    as the message. Whatever does not go well is left to the ordinary way, which knows what
    errors mean: so only a unit that may be run again can be run here.
    """

    def __init__(
        self,
        driver: AsyncDriver,
        pool: Pool,
        clock: Callable[[], datetime | None],
        threads: Executor,
        publish: Callable[[Collection[Hint]], None],
    ) -> None:
        self._driver = driver
        self._pool = pool
        self._clock = clock
        self._threads = threads
        self._publish = publish
        self._turn = threading.Lock()
        self._kept: _Kept | None = None
        self._is_closed = False

    async def run(self, work: Work[T]) -> T:
        """The unit's answer. Raises `NotPipelined`, also where the unit itself has raised."""
        turn = _Turn()
        try:
            # Unpacking is no call, behind which a signal may come.
            (turn.is_ours,) = map(self._turn.acquire, (False,))
            if self._is_closed or not turn.is_ours:
                raise NotPipelined
            answer = await self._sent(work, turn)
            self._end_turn(turn)
        except BaseException:
            self._end_turn(turn)
            raise
        return answer

    async def _sent(self, work: Work[T], turn: _Turn) -> T:
        kept, now = self._current(), self._clock()
        if kept is None or now is None:
            turn.rest = self._renew if kept is None else None
            raise NotPipelined
        message = self._driver.begin_message(kept.connection)
        unit = SqlUnitOfWork(message.sql, now)
        # Should whoever waits be cancelled: what was sent takes place all the same.
        turn.rest = partial(self._finish, message, unit)
        try:
            answer = work(unit)
            await message.commit_on_loop()
        except Exception as error:
            turn.rest = None
            if isinstance(error, NotImplementedError):  # The loop cannot wait for sockets.
                self._is_closed = True
            if not self._driver.is_usable(kept.connection):
                _log.debug("a message on the event loop broke off: %s", error)
                turn.rest = self._renew
                self._pool.renew()
            raise NotPipelined from error
        turn.rest = None
        self._publish(unit.events.hints)
        return answer

    def close(self) -> None:
        """Run no more units, and give the connection back when the last one has ended.

        Waits for that a while: on the loop's own thread it cannot end meanwhile.
        """
        self._is_closed = True
        if self._turn.acquire(timeout=LAST_TURN_SECONDS):
            self._end_turn(_Turn(is_ours=True))

    def _current(self) -> _Kept | None:
        """The connection, unless it is too old, or the pool has given it up or is short of them."""
        kept = self._kept
        if kept is None or kept.generation != self._pool.generation or self._pool.is_short:
            return None
        return kept if time.monotonic() < kept.until else None

    def _end_turn(self, turn: _Turn) -> None:
        """Let the next unit come, when a thread has done the rest of this one's turn."""
        if not turn.is_ours or (turn.rest is not None and self._leave(turn, turn.rest)):
            return
        if self._is_closed or turn.rest is not None:
            self._give_back()
        turn.is_ours = False  # No call in between, see `run`.
        self._turn.release()

    def _leave(self, turn: _Turn, rest: Callable[[], None]) -> bool:
        """Whether there is a thread to do it."""

        def do() -> None:
            try:
                rest()
            except Exception as error:  # noqa: BLE001 - the ordinary way will find out
                _log.debug("no connection for messages on the event loop: %s", error)
            finally:
                turn.rest = None
                self._end_turn(turn)

        try:
            self._threads.submit(do)
        except (RuntimeError, NoThread):  # The store is being closed, or has no thread.
            return False
        return True

    def _renew(self) -> None:
        self._give_back()
        if self._is_closed or self._pool.is_short:
            return
        generation, lending = self._pool.generation, ExitStack()
        connection = lending.enter_context(self._pool.lent())
        self._kept = _Kept(connection, lending, generation, time.monotonic() + OLDEST)

    def _give_back(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            with suppress(Exception):
                kept.lending.close()

    def _finish(self, message: PipelinedTransaction, unit: SqlUnitOfWork) -> None:
        try:
            message.finish()
        except Exception:
            self._renew()
            raise
        self._publish(unit.events.hints)
