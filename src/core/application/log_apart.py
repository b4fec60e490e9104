"""A log that holds up nobody who writes to it."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final
from weakref import WeakSet

from .at_fork import at_fork

MOST_LINES: Final = 100
"""So many lines wait for a log that hangs; further ones are dropped."""

LAST_LINES_SECONDS: Final = 1.0
"""So long a program that ends waits for what is still to be written, where a log hangs."""


class LogApart:
    """Writes to a log from a thread of its own, in order; for any thread.

    A log whose reader has stopped reading, a full pipe say, blocks who writes to it: whoever
    keeps leases, or holds what those need who do, writes here. The thread is there only as long
    as there is something to write, and a program that ends waits for it. A forked child writes
    nothing of what its parent has left.
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self.begin_anew()
        _all.add(self)

    def begin_anew(self) -> None:
        """Have nothing to write."""
        self._lock = threading.RLock()  # A signal handler may write in the middle of writing.
        self._lines: deque[Callable[[], None]] = deque()
        self._writing: threading.Thread | None = None

    def debug(self, line: str, *arguments: object) -> None:
        """As that of `logging.Logger`; never blocks."""
        self._add(logging.DEBUG, line, *arguments)

    def info(self, line: str, *arguments: object) -> None:
        """As that of `logging.Logger`; never blocks."""
        self._add(logging.INFO, line, *arguments)

    def warning(self, line: str, *arguments: object, **more: Any) -> None:
        """As that of `logging.Logger`; never blocks."""
        self._add(logging.WARNING, line, *arguments, **more)

    def error(self, line: str, *arguments: object, **more: Any) -> None:
        """As that of `logging.Logger`; never blocks."""
        self._add(logging.ERROR, line, *arguments, **more)

    def flush(self, seconds: float) -> None:
        """Wait until all is written, at most so long."""
        with self._lock:
            writing = self._writing
        if writing is not None:
            writing.join(seconds)

    def _add(self, level: int, line: str, *arguments: object, **more: Any) -> None:
        if not self._log.isEnabledFor(level):
            return
        with self._lock:
            if len(self._lines) < MOST_LINES:
                self._lines.append(partial(self._log.log, level, line, *arguments, **more))
            if self._writing is not None and self._writing.is_alive():
                return
            self._writing = threading.Thread(target=self._write, name="errands-log", daemon=True)
            try:
                self._writing.start()
            except RuntimeError:  # No thread is to be had; the next line tries again.
                self._writing = None

    def _write(self) -> None:
        while (line := self._next()) is not None:
            with suppress(Exception):  # What a log raises is its own affair.
                line()

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            if self._lines:
                return self._lines.popleft()
            self._writing = None
            return None


_all: Final[WeakSet[LogApart]] = WeakSet()


def _begin_anew() -> None:
    for log in list(_all):
        log.begin_anew()


def _write_the_last() -> None:
    until = time.monotonic() + LAST_LINES_SECONDS
    for log in list(_all):
        log.flush(max(until - time.monotonic(), 0.0))


at_fork(after_in_child=_begin_anew)
atexit.register(_write_the_last)
