"""SIGTERM and SIGINT, turned into a call."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import timedelta
from types import FrameType
from typing import Any, Final

from ..at_fork import at_fork
from ..log_apart import LogApart
from .alarm import Alarm

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
SignalHandler = Callable[[int, FrameType | None], Any] | int | None
DEFAULTS: Final[dict[signal.Signals, SignalHandler]] = {
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGINT: signal.default_int_handler,
}
"""What Python does with them unless it is told otherwise."""

_log = logging.getLogger("errands.worker")
_apart = LogApart(_log)
Note = Callable[[], None]


@contextmanager
def on_signals(
    told: Callable[[int], None], *, enabled: bool, told_apart: Note | None = None
) -> Generator[None, None, None]:
    """Call `told` with how many signals have come so far, as long as the block runs.

    That is on the event loop; `told_apart` is called for each in a thread, also while the loop
    is blocked. What was to be done with these signals before is so again afterwards. Does
    nothing outside the main thread.
    """
    if not enabled or threading.current_thread() is not threading.main_thread():
        yield
        return
    count = 0

    def note() -> None:
        nonlocal count
        count += 1
        told(count)

    try:
        hearing = _hearing_here()
        hearing.notes.append(note)
        if told_apart is not None:
            hearing.notes_apart.append(told_apart)
        yield
    finally:
        try:
            _forget(note, told_apart)
        except BaseException:  # Of a handler of another signal: it has cut this off.
            _forget(note, told_apart)
            raise


def tell_of_signal(count: int, running: int, grace: timedelta) -> None:
    """Say what the program is waiting for, if it is: it may look as if the signal was ignored."""
    if count == 1 and running:
        _apart.info(
            "told to end: %d running, with up to %g s to end; a second signal gives back at once",
            running,
            grace.total_seconds(),
        )


def report_failure(closing: asyncio.Future[Any]) -> None:
    """Log what went wrong while a worker that nobody waits for was closed."""
    if not closing.cancelled() and closing.exception() is not None:
        _log.error("closing failed", exc_info=closing.exception())


class Hearing:
    """Has the signals of the process for one loop, and tells all who want to know there.

    The handlers are Python's own, not the loop's. A loop hears of a signal by a byte in a
    socket that all its threads write to; once that is full the byte is dropped, and the
    signal with it.
    """

    current: Hearing | None = None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.notes: list[Note] = []
        self.notes_apart: list[Note] = []
        self._before: dict[signal.Signals, SignalHandler] = {}
        self._alarm: Alarm | None = None
        Hearing.current = self
        self._begin_alarm()
        for number in SIGNALS:
            self._before[number] = signal.signal(number, self._hear)

    def _begin_alarm(self) -> None:
        """None in a process without descriptors or threads: it wakes by itself at each poll."""
        try:
            self._alarm = Alarm(self.loop, self._hear_apart)
            self._alarm.begin()
        except (OSError, RuntimeError) as error:
            _log.warning("a signal may be heard late, or never by a blocked event loop: %s", error)
            if self._alarm is not None:
                self._alarm.close()
                self._alarm = None

    def end(self) -> None:
        """Give the signals back; those that somebody else has taken since are left to them.

        Where it was cut off, it is called again.
        """
        for number, before in self._before.items():
            if signal.getsignal(number) == self._hear:
                # None: it was not Python that had it, and Python cannot give it back.
                signal.signal(number, DEFAULTS[number] if before is None else before)
        if self._alarm is not None:
            self._alarm.close()
        Hearing.current = None

    def end_in_child(self) -> None:
        """Let a forked child be ended by these signals, like any process: it runs no worker."""
        signal.set_wakeup_fd(-1)
        for number, before in self._before.items():
            if signal.getsignal(number) == self._hear:
                is_ignored = before is signal.SIG_IGN
                signal.signal(number, signal.SIG_IGN if is_ignored else DEFAULTS[number])
        Hearing.current = None

    def _hear(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._alarm is not None:
            self._alarm.ring(number)
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._tell)

    def _hear_apart(self, number: int) -> None:
        if number in SIGNALS:
            for note in list(self.notes_apart):
                note()

    def _tell(self) -> None:
        for note in list(self.notes):
            note()


def _hearing_here() -> Hearing:
    """That of the running loop; one that a closed loop, or nobody, left behind has ended."""
    loop, current = asyncio.get_running_loop(), Hearing.current
    if current is not None and (current.loop is not loop or not current.notes):
        current.end()
        current = None
    return current or Hearing(loop)


def _forget(note: Note, told_apart: Note | None) -> None:
    current = Hearing.current
    if current is not None:
        current.notes_apart = [each for each in current.notes_apart if each is not told_apart]
        current.notes = [other for other in current.notes if other is not note]
        if not current.notes:
            current.end()


def _end_in_child() -> None:
    """The child takes no signal until this is done: it would drop one as its parent's."""
    if Hearing.current is not None:
        Hearing.current.end_in_child()


at_fork(after_in_child=_end_in_child)
