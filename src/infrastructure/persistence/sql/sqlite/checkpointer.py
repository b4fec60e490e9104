"""Moves the write-ahead log into the database, off the event loop."""

from __future__ import annotations

import logging
import threading
from typing import Final

import attrs

from .....core.application.thread_wake_event import ThreadWakeEvent
from .....core.domain.store_errors import StoreError
from .....core.ports.executor import NoThread
from .driver import driver
from .fork_safe_connection import ForkSafeConnection
from .forks import FORKS
from .writer import SqliteWriter

BETWEEN: Final = 0.1
"""Seconds between two checkpoints while there are commits."""

LONGEST: Final = 10.0
"""Seconds between two that fail, in the end: a full disk is told of, but not without end."""

LONG_LOG: Final = 4_000
"""Pages of log from which the write lock is held for a moment, so that a checkpoint can reach
the log's end and the log begins anew: beside busy writers it would grow without limit. Where
a reader stands in the way, it is held again after as many pages more."""

_log = logging.getLogger("errands.sqlite")


class Checkpointer:
    """Checkpoints on a connection and a thread of its own; idle while nothing is committed."""

    def __init__(self, connection: ForkSafeConnection, writer: SqliteWriter) -> None:
        self._own = connection
        self._writer = writer
        self._commits = ThreadWakeEvent()
        self._has_commits = False
        self._end = ThreadWakeEvent()
        self._is_ending = False
        self._hold_from = LONG_LOG
        self._pause = BETWEEN
        self._thread = threading.Thread(target=self._work, name="errands-checkpoint", daemon=True)

    def start(self) -> None:
        """Begin. Raises `NoThread`."""
        try:
            self._thread.start()
        except RuntimeError as error:
            raise NoThread(str(error)) from error

    def note_commit(self) -> None:
        """There is something to move."""
        if not self._has_commits:
            self._has_commits = True
            self._commits.set()

    def stop(self) -> None:
        """End, after the checkpoint under way."""
        self._is_ending = True
        self._end.set()
        self._commits.set()
        if self._thread.is_alive():  # Else its start was cut off; it ends by itself.
            self._thread.join()

    def _work(self) -> None:
        try:
            while True:
                self._commits.wait()
                if self._is_ending:
                    return
                self._has_commits = False
                self._checkpoint()
                self._end.wait(self._pause)
        finally:
            with self._own.lock:
                self._own.end()

    def _checkpoint(self) -> None:
        """Move what readers allow. A failure is not one of the queue's: the log stays valid."""
        try:
            FORKS.let_pass()
            if self._move().pages > self._hold_from:
                moved = self._writer.hold(self._move)
                self._hold_from = LONG_LOG if moved.is_all else moved.pages + LONG_LOG
                if not moved.is_all:
                    _log.warning(
                        "the write-ahead log is %d pages long: a reader that stays open keeps it "
                        "from being moved into the file",
                        moved.pages,
                    )
        except (driver().Error, StoreError) as error:
            _log.warning("a checkpoint failed, trying again: %s", error)
            self.note_commit()
            self._pause = min(self._pause * 2, LONGEST)
        else:
            self._pause = BETWEEN

    def _move(self) -> _Moved:
        """Run a checkpoint that waits for nobody."""
        with self._own.lock:
            checkpoint = self._own.opened().execute("PRAGMA wal_checkpoint(PASSIVE)")
            _, pages, done = checkpoint.fetchone()
        return _Moved(int(pages), pages == done)


@attrs.frozen
class _Moved:
    """How many pages the log had at the beginning, and whether all of those are moved."""

    pages: int
    is_all: bool
