"""The end of a program whose event loop is blocked when it is told to end."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Final

from ..thread_wake_event import ThreadWakeEvent
from .ending import LAST_WORD_SECONDS

ANSWER_SECONDS: Final = 5.0
"""How long an event loop may take to answer, once the worker has to end at once."""
BETWEEN_QUESTIONS_SECONDS: Final = 0.5
SAYING_SECONDS: Final = 1.0
"""How long a line of the log may take."""
MOST_FRAMES: Final = 8
"""So many of the calls that block are told."""

_log = logging.getLogger("errands.worker")


class BlockedLoop:
    """Ends a program that was told to end, where its event loop is blocked for ever.

    From the end of the grace, or from a second signal, until the worker has ended the loop has
    to answer within 5 s each time that it is asked. Where it does not, `give_back` is called,
    for 5 s at the most, and then `end`. All of this is done in threads: what blocks the loop
    has to let go of the GIL from time to time.
    """

    def __init__(
        self,
        *,
        grace_seconds: float,
        told: Callable[[asyncio.Task[object]], str | None],
        give_back: Callable[[], None],
        end: Callable[[], None],
    ) -> None:
        self._grace_seconds = grace_seconds
        self._told = told
        self._give_back = give_back
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._signals = 0
        self._wake = ThreadWakeEvent()
        self._is_over = False
        # Now, as there may be no thread to be had when a signal comes.
        threading.Thread(target=self._watch, name="errands-watch", daemon=True).start()

    def note_signal(self) -> None:
        """Watch the loop from now on; in a thread that it does not block."""
        self._signals += 1
        self._wake.set()

    def call_off(self) -> None:
        """The worker has ended."""
        self._is_over = True
        self._wake.set()

    def _watch(self) -> None:
        self._wake.wait()
        if self._signals == 1:
            self._wake.wait(self._grace_seconds)
        while not self._is_over and self._answers():
            self._wake.wait(BETWEEN_QUESTIONS_SECONDS)
        if self._is_over:
            return
        try:
            _is_done(self._say, SAYING_SECONDS)
            if not _is_done(self._give_back, LAST_WORD_SECONDS):
                _is_done(_say_in_vain, SAYING_SECONDS)
        finally:
            self._end()

    def _answers(self) -> bool:
        answered = ThreadWakeEvent()
        try:
            self._loop.call_soon_threadsafe(answered.set)
        except RuntimeError:  # It is closed.
            return True
        return answered.wait(ANSWER_SECONDS) or self._is_over

    def _say(self) -> None:
        why = self._what_blocks()
        _log.error("the event loop has not answered for %g s: %s", ANSWER_SECONDS, why)

    def _what_blocks(self) -> str:
        task = asyncio.current_task(self._loop)
        frame = sys._current_frames().get(self._loop_thread)  # pyright: ignore[reportPrivateUsage]
        calls = "".join(traceback.format_stack(frame)[-MOST_FRAMES:]) if frame else ""
        if task is None:
            who = "what blocks it is no task"
        else:
            who = f"{self._told(task) or task.get_name()} blocks it"
        return f"{who}, in\n{calls}"


def _say_in_vain() -> None:
    _log.error("stopped without giving back all jobs: the store did not answer")


def _is_done(call: Callable[[], None], seconds: float) -> bool:
    """Whether it has ended by then. What blocks may hold the lock that it waits for.

    Where no thread is to be had it is called here.
    """
    thread = threading.Thread(target=call, name="errands-last-word", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        call()
        return True
    thread.join(seconds)
    return not thread.is_alive()
