"""Hears of signals while the main thread sleeps, or is blocked."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

BY_PYTHON: Final = 0x80
"""Added to the number of a signal that Python's own handler has told of."""
LOOK_AGAIN: Final = 5.0
"""Seconds after which its thread sees that the loop was closed without a word."""

_log = logging.getLogger("errands.worker")


class Alarm:
    """Wakes a loop that falls asleep in the moment in which a signal comes, from a thread.

    Python's handlers run between two instructions of the main thread, so that one that comes
    just before it sleeps would be heard when it wakes by itself, and one that comes while it is
    blocked perhaps never. The system's own handler tells of each at once, unless somebody else
    is told already: then that wakes the loop. `heard` is called in the thread, with the number
    of each signal that somebody has heard of.

    It begins with `begin`, so that whoever is cut off meanwhile by a signal's exception has it
    already, to close it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, heard: Callable[[int], None]) -> None:
        self._loop = loop
        self._heard = heard
        self._counts: dict[int, int] = {}
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(LOOK_AGAIN)
        self._writer.setblocking(False)
        self._is_set = False

    def begin(self) -> None:
        """Hear of signals. Raises `RuntimeError` where no thread is to be had."""
        threading.Thread(target=self._listen, name="errands-signals", daemon=True).start()
        before = signal.set_wakeup_fd(-1)
        if before != -1:
            signal.set_wakeup_fd(before)
            return
        self._is_set = True
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)

    def ring(self, number: int) -> None:
        """Tell the thread of a signal, from Python's handler."""
        with suppress(OSError):
            self._writer.send(bytes([number | BY_PYTHON]))

    def close(self) -> None:
        """Give the descriptor back, unless somebody else has set another one since."""
        if self._is_set:
            found = signal.set_wakeup_fd(-1)
            if found != self._writer.fileno() and found != -1:
                signal.set_wakeup_fd(found)
        # Not only closed: a forked child may have it, too.
        with suppress(OSError):
            self._writer.shutdown(socket.SHUT_RDWR)
        self._writer.close()

    def _listen(self) -> None:
        with self._reader:
            while told := self._received():
                with suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(_wake_up)
                for byte in told:
                    self._note(byte)

    def _received(self) -> bytes:
        """What was told; nothing where it is closed, or its loop: one cut off closes nothing."""
        while not self._loop.is_closed():
            with suppress(TimeoutError):
                return self._reader.recv(4_096)
        return b""

    def _note(self, byte: int) -> None:
        """Count it, however it was told; both ways tell of most of them."""
        number = byte & ~BY_PYTHON
        other = self._counts.get(byte ^ BY_PYTHON, 0)
        self._counts[byte] = self._counts.get(byte, 0) + 1
        if self._counts[byte] > other:
            try:
                self._heard(number)
            except Exception:  # noqa: BLE001 - the next one must be heard of
                _log.exception("a signal was not acted on in time")


def _wake_up() -> None:
    pass
