"""Moves the write-ahead log into the database, off the event loop."""

from __future__ import annotations

import logging
import threading
from typing import Final

import attrs

from .....core.domain.errors import StoreError
from .driver import Connection, driver
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

    def __init__(self, connection: Connection, writer: SqliteWriter) -> None:
        self._connection = connection
        self._writer = writer
        self._has_commits = threading.Event()
        self._stopped = threading.Event()
        self._hold_from = LONG_LOG
        self._pause = BETWEEN
        self._thread = threading.Thread(target=self._work, name="errands-checkpoint", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def note_commit(self) -> None:
        """There is something to move."""
        if not self._has_commits.is_set():
            self._has_commits.set()

    def stop(self) -> None:
        """End, after the checkpoint under way."""
        self._stopped.set()
        self._has_commits.set()
        self._thread.join()

    def _work(self) -> None:
        try:
            while True:
                self._has_commits.wait()
                if self._stopped.is_set():
                    return
                self._has_commits.clear()
                self._checkpoint()
                self._stopped.wait(self._pause)
        finally:
            self._connection.close()

    def _checkpoint(self) -> None:
        """Move what readers allow. A failure is not one of the queue's: the log stays valid."""
        try:
            if _move(self._connection).pages > self._hold_from:
                moved = self._writer.hold(lambda: _move(self._connection))
                self._hold_from = LONG_LOG if moved.is_all else moved.pages + LONG_LOG
                if not moved.is_all:
                    _log.warning(
                        "the write-ahead log is %d pages long: a reader that stays open keeps it "
                        "from being moved into the file",
                        moved.pages,
                    )
        except (driver().Error, StoreError) as error:
            _log.warning("a checkpoint failed, trying again: %s", error)
            self._has_commits.set()
            self._pause = min(self._pause * 2, LONGEST)
        else:
            self._pause = BETWEEN


@attrs.frozen
class _Moved:
    """How many pages the log had at the beginning, and whether all of those are moved."""

    pages: int
    is_all: bool


def _move(connection: Connection) -> _Moved:
    """Run a checkpoint that waits for nobody."""
    _, pages, done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return _Moved(int(pages), pages == done)
