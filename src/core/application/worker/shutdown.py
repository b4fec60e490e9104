"""SIGTERM and SIGINT, turned into a call."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, Final

from ..per_loop import PerLoop

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger("errands.worker")
Note = Callable[[], None]

_notes: Final[PerLoop[list[Note]]] = PerLoop(list)
"""Whom a loop tells: it has one handler a signal, and several workers may run on it."""


@contextmanager
def on_signals(told: Callable[[int], None], *, enabled: bool) -> Generator[None, None, None]:
    """Call `told` with how many signals have come so far, as long as the block runs.

    Does nothing outside the main thread, and where the event loop cannot do it.
    """
    if not enabled or threading.current_thread() is not threading.main_thread():
        yield
        return
    count = 0

    def note() -> None:
        nonlocal count
        count += 1
        told(count)

    loop, notes = asyncio.get_running_loop(), _notes.here()
    if not notes:
        _take(loop, notes)
    notes.append(note)
    try:
        yield
    finally:
        notes.remove(note)
        if not notes:
            _give_back(loop)


def report_failure(closing: asyncio.Future[Any]) -> None:
    """Log what went wrong while a worker that nobody waits for was closed."""
    if not closing.cancelled() and closing.exception() is not None:
        _log.error("closing failed", exc_info=closing.exception())


def _take(loop: asyncio.AbstractEventLoop, notes: list[Note]) -> None:
    def tell_all() -> None:
        for note in list(notes):
            note()

    for number in SIGNALS:
        with suppress(NotImplementedError, RuntimeError):
            loop.add_signal_handler(number, tell_all)


def _give_back(loop: asyncio.AbstractEventLoop) -> None:
    for number in SIGNALS:
        with suppress(NotImplementedError, RuntimeError):
            loop.remove_signal_handler(number)
