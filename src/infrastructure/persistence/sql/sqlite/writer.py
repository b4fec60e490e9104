"""The one writer connection of a process."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from .....core.domain.errors import StoreBusy
from .driver import Connection, driver, is_busy, translated
from .session import DriverSession

T = TypeVar("T")
Unit = Callable[[DriverSession], T]

WARN_AFTER_SECONDS: Final = 2.0
SOON: Final = (0.00005, 0.0001, 0.0001, 0.0002, 0.0002)
"""Seconds between the looks of a unit on the event loop at a lock another process holds."""
_SHORTEST_WAIT: Final = 0.0002
_LONGEST_WAIT: Final = 0.001

_log = logging.getLogger("errands.sqlite")


class WouldBlock(Exception):
    """The writer is taken; the unit has to wait for it elsewhere."""


class SqliteWriter:
    """Runs units on the writer connection, one at a time, each in BEGIN IMMEDIATE.

    Waiting for another process is done here, by short jittered retries, because SQLite's
    own busy handler backs off to 100 ms. After `busy_seconds` a unit gives up with
    `StoreBusy`. `committed` is called after every commit; it must not block or raise.
    """

    def __init__(
        self,
        connection: Connection,
        url: str,
        busy_seconds: float,
    ) -> None:
        self._connection = connection
        self._session = DriverSession(connection)
        self._url = url
        self._busy_seconds = busy_seconds
        self._lock = threading.Lock()
        self._urgent = 0
        self.committed: Callable[[], None] = _nothing

    def run_at_once(self, unit: Unit[T]) -> T:
        """Run a unit now, or raise `WouldBlock` after less than a millisecond."""
        if self._urgent or not self._lock.acquire(blocking=False):
            raise WouldBlock
        try:
            return self._soon(unit)
        except Exception as error:
            if is_busy(error):
                raise WouldBlock from error
            told = translated(error, self._url)
            if told is None:
                raise
            raise told from error
        finally:
            self._lock.release()

    def run(self, unit: Unit[T], *, urgent: bool = False) -> T:
        """Run a unit as soon as the write lock can be had, on the calling thread."""
        return self._patiently(lambda: self._transact(unit), urgent=urgent)

    def hold(self, action: Callable[[], T]) -> T:
        """Do something, on another connection, while no process can write."""
        return self._patiently(lambda: self._locked(action), urgent=False)

    def data_version(self) -> int | None:
        """A number that changes when another connection has committed; None if in use."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        except driver().Error:
            return None
        finally:
            self._lock.release()

    def close(self) -> None:
        """Wait for the running unit, then close the connection."""
        with self._lock:
            self._connection.close()

    def _acquire(self, *, urgent: bool) -> None:
        if urgent:
            self._urgent += 1
            self._lock.acquire()
            self._urgent -= 1
            return
        while True:
            self._lock.acquire()
            if not self._urgent:
                return
            self._lock.release()
            time.sleep(_SHORTEST_WAIT)

    def _soon(self, unit: Unit[T]) -> T:
        """Run a unit, looking again a few times where another process writes just now.

        Most writes are over sooner than a thread would have taken this one.
        """
        for pause in SOON:
            try:
                return self._transact(unit)
            except Exception as error:
                if not is_busy(error):
                    raise
            time.sleep(pause)
        return self._transact(unit)

    def _patiently(self, attempt: Callable[[], T], *, urgent: bool) -> T:
        started = time.monotonic()
        has_warned = False
        while True:
            self._acquire(urgent=urgent)
            try:
                return attempt()
            except Exception as error:
                waited = time.monotonic() - started
                told = self._told(error, waited)
                if told is error:
                    raise
                if told is not None:
                    raise told from error
            finally:
                self._lock.release()
            if waited >= WARN_AFTER_SECONDS and not has_warned:
                has_warned = True
                _log.warning("%s: another write transaction is held open for long", self._url)
            time.sleep(random.uniform(_SHORTEST_WAIT, _LONGEST_WAIT))  # noqa: S311 - jitter

    def _locked(self, action: Callable[[], T]) -> T:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            return action()
        finally:
            self._roll_back()

    def _transact(self, unit: Unit[T]) -> T:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            answer = unit(self._session)
            connection.execute("COMMIT")
            self.committed()
        except BaseException:
            self._roll_back()
            raise
        return answer

    def _roll_back(self) -> None:
        """Undo what the unit did; a failing rollback must not hide the unit's own error."""
        if not self._connection.in_transaction:
            return
        try:
            self._connection.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 - logged; the first error is what counts
            _log.exception("%s: rolling back failed", self._url)

    def _told(self, error: Exception, waited: float) -> Exception | None:
        """What to raise for a unit's error; None to try the unit again."""
        if not is_busy(error):
            return translated(error, self._url) or error
        if waited >= self._busy_seconds:
            return StoreBusy(self._url, f"for {waited:.1f} s")
        return None


def _nothing() -> None:
    """Nobody waits for commits yet."""
