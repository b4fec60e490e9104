"""Looks for commits of other processes where nothing tells of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from .....core.application.log_apart import LogApart
from .....core.application.thread_wake_event import ThreadWakeEvent
from .....core.ports.wakeup import ChangeSource

SHORTEST_PAUSE: Final = 0.002
LONGEST_PAUSE: Final = 0.1
LONGEST_AWAY: Final = 1.0
"""Seconds between two looks in the end where the server does not answer."""
GROWTH: Final = 1.3

_log = LogApart(logging.getLogger("errands.server"))

Probe = Callable[[], int]
"""A number that grows with every commit that matters."""


class Polling(ChangeSource):
    """Asks often while something happens, and ever more rarely while nothing does."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._is_paused = False
        self._longest = LONGEST_PAUSE
        self._watch: ThreadWakeEvent | None = None
        """What wakes the thread that is to watch; every other one ends."""
        self._thread: threading.Thread | None = None

    def start(self, on_change: Callable[[], None]) -> None:
        if self._thread is not None:
            return
        watch = self._watch = ThreadWakeEvent()
        thread = threading.Thread(
            target=self._work, args=(watch, on_change), name="errands-poll", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:
            # The next one to subscribe tries again.
            _log.warning("other processes are not heard, but by looking now and then: %s", error)
        else:
            self._thread = thread

    def stop(self) -> None:
        thread, watch = self._thread, self._watch
        self._thread = self._watch = None
        if watch is not None:
            watch.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=2)

    def pause(self) -> bool:
        """Ask no more for now: something else tells; whether it was asking."""
        was_running, self._is_paused = not self._is_paused, True
        return was_running

    def resume(self) -> None:
        """Ask again."""
        self._is_paused, watch = False, self._watch
        if watch is not None:
            watch.set()

    def _work(self, watch: ThreadWakeEvent, on_change: Callable[[], None]) -> None:
        last, pause = self._look(None), SHORTEST_PAUSE
        # Whoever looked for himself before this first look may have missed what it includes.
        on_change()
        while True:
            watch.wait(pause)
            while self._is_paused and self._watch is watch:
                watch.wait()
                last = None
            if self._watch is not watch:
                return
            seen = self._look(last)
            if seen == last:
                pause = min(pause * GROWTH, self._longest)
                continue
            last, pause = seen, SHORTEST_PAUSE
            on_change()

    def _look(self, last: int | None) -> int | None:
        try:
            seen = self._probe()
        except Exception as error:  # noqa: BLE001 - it is asked again
            _log.debug("a look for changes failed: %s", error)
            self._longest = LONGEST_AWAY
            return last
        self._longest = LONGEST_PAUSE
        return seen
