"""The one writer connection of a process."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from .....core.application.at_fork import is_held_here
from .....core.application.log_apart import LogApart
from .....core.domain.store_errors import StoreBusy, StoreError
from .driver import driver, is_busy, translated
from .fork_safe_connection import ForkSafeConnection
from .forks import FORKS
from .sql_connection import SqliteConnection

T = TypeVar("T")
Unit = Callable[[SqliteConnection], T]

WARN_AFTER_SECONDS: Final = 2.0
SOON: Final = (0.00005, 0.0001, 0.0001, 0.0002, 0.0002)
"""Seconds between the looks of a unit on the event loop at a lock another process holds."""
WITHIN: Final = "a signal handler cannot write inside a write of its thread"
_SHORTEST_WAIT: Final = 0.0002
_LONGEST_WAIT: Final = 0.001

_log = LogApart(logging.getLogger("errands.sqlite"))


class WouldBlock(Exception):
    """The writer is taken; the unit has to wait for it elsewhere."""


class SqliteWriter:
    """Runs units on the writer connection, one at a time, each in BEGIN IMMEDIATE.

    Waiting for another process is done here, by short jittered retries, because SQLite's
    own busy handler backs off to 100 ms. After `busy_seconds` a unit gives up with
    `StoreBusy`. `committed` is called after every commit; it must not block or raise.

    An exception that a signal raises may come between any two lines: what it leaves behind
    must be the lock let go, and no transaction.
    """

    def __init__(self, connection: ForkSafeConnection, url: str, busy_seconds: float) -> None:
        self._own = connection
        self._url = url
        self._busy_seconds = busy_seconds
        self._sql: SqliteConnection | None = None
        self._urgent: set[object] = set()
        self.committed: Callable[[], None] = _nothing

    def run_at_once(self, unit: Unit[T]) -> T:
        """Run a unit now, or raise `WouldBlock` after less than a millisecond."""
        self._require_outside()
        if self._urgent or FORKS.is_near:
            raise self._cannot_wait() or WouldBlock
        try:
            if self._own.lock.acquire(blocking=False):
                return self._soon(unit)
        except Exception as error:
            if is_busy(error):
                raise self._cannot_wait() or WouldBlock from error
            store_error = translated(error, self._url)
            if store_error is None:
                raise
            raise store_error from error
        finally:
            try:  # noqa: SIM105 - suppress() is a call, before which a signal may come
                self._own.lock.release()
            except RuntimeError:
                pass  # It is another thread's.
        raise self._cannot_wait() or WouldBlock

    def run(self, unit: Unit[T], *, urgent: bool = False, since: float | None = None) -> T:
        """Run a unit as soon as the write lock can be had, on the calling thread.

        `since` is when its waiting began, by the monotonic clock, if that was before now.
        """
        self._require_outside()
        return self._patiently(lambda: self._transact(unit), urgent=urgent, since=since)

    def hold(self, action: Callable[[], T]) -> T:
        """Do something, on another connection, while no process can write."""
        return self._patiently(lambda: self._locked(action), urgent=False, since=None)

    def data_version(self) -> int | None:
        """A number that changes when another connection has committed; None if in use.

        Also where the connection was closed in between: nobody knows what was committed then.
        """
        own = self._own
        if own.is_used_here:
            return None
        try:
            if own.lock.acquire(blocking=False):
                version = int(own.opened().execute("PRAGMA data_version").fetchone()[0])
                return (own.openings << 32) + version
        except (driver().Error, StoreError):
            pass
        finally:
            try:  # noqa: SIM105 - as above
                own.lock.release()
            except RuntimeError:
                pass
        return None

    def close(self) -> None:
        """Wait for the running unit, then close the connection."""
        with self._own.lock:
            self._own.end()

    def _require_outside(self) -> None:
        if is_held_here(self._own.lock):
            raise StoreBusy(self._url, WITHIN)

    def _cannot_wait(self) -> StoreBusy | None:
        """What to raise where the lock is this thread's, by another application on the file.

        A signal handler would wait for what goes on only when it has returned.
        """
        path = self._own.writes_to
        if path is None or not FORKS.is_written_here(path, apart_from=self._own):
            return None
        return StoreBusy(self._url, WITHIN)

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

    def _patiently(self, attempt: Callable[[], T], *, urgent: bool, since: float | None) -> T:
        started = time.monotonic() if since is None else since
        has_warned = False
        while True:
            try:
                return self._in_turn(attempt, urgent=urgent)
            except Exception as error:
                waited = time.monotonic() - started
                store_error = self._store_error(error, waited)
                if store_error is error:
                    raise
                if store_error is not None:
                    raise store_error from error
            if waited >= WARN_AFTER_SECONDS and not has_warned:
                has_warned = True
                _log.warning("%s: another write transaction is held open for long", self._url)
            time.sleep(random.uniform(_SHORTEST_WAIT, _LONGEST_WAIT))  # noqa: S311 - jitter

    def _in_turn(self, attempt: Callable[[], T], *, urgent: bool) -> T:
        """Make an attempt under the lock; urgent ones first."""
        me = object()
        try:
            if urgent:
                self._urgent.add(me)
            while True:
                FORKS.let_pass()
                with self._own.lock:
                    if urgent or not self._urgent:
                        return attempt()
                time.sleep(_SHORTEST_WAIT)
        finally:
            self._urgent.discard(me)

    def _locked(self, action: Callable[[], T]) -> T:
        connection = self._opened().connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            return action()
        finally:
            connection.rollback()

    def _transact(self, unit: Unit[T]) -> T:
        sql = self._opened()
        connection = sql.connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            answer = unit(sql)
            connection.execute("COMMIT")
            self.committed()
        except BaseException:
            # First of all, and in one call: the next signal may come right behind it.
            try:
                connection.rollback()
            except Exception as error:  # noqa: BLE001 - logged; the first error is what counts
                _log.error("%s: rolling back failed: %s", self._url, error)
            raise
        return answer

    def _opened(self) -> SqliteConnection:
        """The connection, in no transaction: one that was left open is not ours any more."""
        connection = self._own.opened()
        if self._sql is None or self._sql.connection is not connection:
            self._sql = SqliteConnection(connection)
        if connection.in_transaction:
            connection.rollback()
        return self._sql

    def _store_error(self, error: Exception, waited: float) -> Exception | None:
        """What to raise for a unit's error; None to try the unit again."""
        if not is_busy(error):
            return translated(error, self._url) or error
        if waited >= self._busy_seconds:
            return StoreBusy(self._url, f"for {waited:.1f} s")
        return self._cannot_wait()


def _nothing() -> None:
    """Nobody waits for commits yet."""
