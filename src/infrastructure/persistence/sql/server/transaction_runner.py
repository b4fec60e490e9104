"""Runs units of work on pooled connections, again where the server rolled them back."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final, NoReturn, TypeVar

from .....core.application.log_apart import LogApart
from .....core.domain.store_errors import StoreBusy, StoreError
from .....core.ports.store import Work
from ..events.repository import SqlEventLog
from ..sql_connection import SqlConnection
from ..unit_of_work import SqlUnitOfWork
from .clock import ServerClock
from .driver import Connection, ServerDriver, Transaction, Verdict
from .pool import Pool

T = TypeVar("T")

FIRST_PAUSE: Final = 0.002
LONGEST_PAUSE: Final = 0.25
RECONNECTS: Final = 2
"""How often a unit is run again on a new connection: the first ones may be stale, all of them."""
HOLD_BACK: Final = 0.1
"""Seconds for which a read waits for open transactions that have written events."""
LOOK_AGAIN: Final = 0.001
WARN_AFTER_SECONDS: Final = 2.0
GONE: Final = frozenset({Verdict.LOST, Verdict.ENDED})
"""What is run again on another connection."""

_log = LogApart(logging.getLogger("errands.server"))


class TransactionRunner:
    """One at a time on each connection. The clock is the server's unless one is given."""

    def __init__(
        self,
        driver: ServerDriver,
        pool: Pool,
        clock: Callable[[], datetime] | None,
        patience: float,
    ) -> None:
        self._driver = driver
        self._pool = pool
        self._clock = clock
        self._server_clock = ServerClock()
        self._patience = patience

    def transact(
        self, work: Work[T], *, urgent: bool = False, is_repeatable: bool = False
    ) -> tuple[T, SqlUnitOfWork]:
        """Run a unit and commit; its answer, and the unit with its hints.

        What the server rolled back for a passing reason is run again, with jitter, for as
        long as the busy timeout; what broke with its connection, a few times. Lost in COMMIT,
        nobody knows: only a repeatable unit is run again.
        """
        started, pause, reconnects = time.monotonic(), FIRST_PAUSE, 0
        warn_after = WARN_AFTER_SECONDS
        while True:
            attempt = _Attempt(self._driver)
            try:
                with self._pool.lent(urgent=urgent) as connection:
                    return attempt.run(connection, work, self._now(connection))
            except Exception as error:
                is_connecting, waited = not attempt.has_begun, time.monotonic() - started
                verdict = self._driver.verdict(error)
                is_undone = verdict is Verdict.ENDED or not attempt.is_committing
                if verdict in GONE and (is_repeatable or is_undone):
                    reconnects += 1
                    self._pool.renew()
                    if reconnects > RECONNECTS:
                        self._raise(error, is_connecting=is_connecting)
                elif verdict is not Verdict.PASSING:
                    self._raise(error, is_connecting=is_connecting)
                elif waited > self._patience:
                    raise StoreBusy(self._driver.url, f"for {waited:.1f} s: {error}") from error
                elif waited > warn_after:
                    warn_after = self._patience
                    _log.warning("%s: a write has waited %.1f s: %s", self.url, waited, error)
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            pause = min(pause * 2, LONGEST_PAUSE)

    @property
    def url(self) -> str:
        """The database, without password."""
        return self._driver.url

    def read(self, work: Work[T]) -> T:
        """Run a unit on a snapshot; on a new connection where the first had gone stale.

        A unit that reads events waits a moment for those that are in sight but may be
        followed by lower ones: transactions that are just about to commit.
        """
        started, reconnects, awaited = time.monotonic(), 0, 0
        while True:
            try:
                with self._pool.lent() as connection:
                    answer, events = self._read(connection, work)
                awaited = awaited or events.held_back
                if not _is_short_of(awaited, events) or time.monotonic() - started > HOLD_BACK:
                    return answer
                time.sleep(LOOK_AGAIN)
            except Exception as error:  # noqa: BLE001 - the driver knows which pass
                verdict = self._driver.verdict(error)
                reconnects += 1
                if verdict is Verdict.FINAL or reconnects > RECONNECTS:
                    self._raise(error)
                if verdict in GONE:
                    self._pool.renew()

    def ask(self, question: Callable[[SqlConnection], T]) -> T:
        """Put one question, outside of any transaction."""
        with self._pool.lent(is_question=True) as connection:
            return question(self._driver.sql(connection))

    def known_time(self) -> datetime | None:
        """The time, if it is known without asking the server."""
        if self._clock is not None:
            return self._clock()
        return None if self._server_clock.is_stale else self._server_clock()

    def now(self) -> datetime:
        """The time, for a unit on a connection that is not ours. Raises what `read` raises."""
        known = self.known_time()
        return self.read(lambda uow: uow.now) if known is None else known

    def _read(self, connection: Connection, work: Work[T]) -> tuple[T, SqlEventLog]:
        now = self._now(connection)
        transaction = self._driver.begin(connection, only_reads=True)
        unit = SqlUnitOfWork(transaction.sql, now)
        try:
            answer = work(unit)
        except BaseException:
            roll_back(transaction)
            raise
        transaction.commit()
        return answer, unit.log

    def _now(self, connection: Connection) -> datetime:
        if self._clock is not None:
            return self._clock()
        if self._server_clock.is_stale:
            self._server_clock.sample(lambda: self._driver.clock(connection))
        return self._server_clock()

    def _raise(self, error: Exception, *, is_connecting: bool = False) -> NoReturn:
        """Raise what this library calls the error; what is not the driver's stays as it is."""
        store_error = error if isinstance(error, StoreError) else self._driver.translated(error)
        if store_error is None:
            raise error
        store_error.is_of_connecting = is_connecting
        if store_error is error:
            raise store_error
        raise store_error from error


def _is_short_of(awaited: int, events: SqlEventLog) -> bool:
    """Whether events up to this one, in sight when the read began, are not settled yet."""
    return bool(awaited) and events.watermark is not None and events.watermark.low < awaited


class _Attempt:
    """One run of a unit.

    `has_begun` from when there is a connection that takes statements, `is_committing` from the
    moment at which the unit's outcome is the server's.
    """

    def __init__(self, driver: ServerDriver) -> None:
        self._driver = driver
        self.has_begun = False
        self.is_committing = False

    def run(self, connection: Connection, work: Work[T], now: datetime) -> tuple[T, SqlUnitOfWork]:
        """Begin, work, commit."""
        transaction = self._driver.begin(connection, only_reads=False)
        self.has_begun = True
        try:
            unit = SqlUnitOfWork(transaction.sql, now)
            answer = work(unit)
            self.is_committing = True
            transaction.commit()
        except BaseException:
            roll_back(transaction)
            raise
        return answer, unit


def roll_back(transaction: Transaction) -> None:
    """Undo what a unit did; a failing rollback must not hide the unit's own error."""
    try:
        transaction.rollback()
    except Exception as error:  # noqa: BLE001 - the first error is what counts
        _log.debug("rolling back failed: %s", error)
