"""Looks for commits of other processes where nothing tells of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from .....core.ports.wakeup import ChangeSource

SHORTEST_PAUSE: Final = 0.002
LONGEST_PAUSE: Final = 0.1
GROWTH: Final = 1.3

_log = logging.getLogger("errands.server")

Probe = Callable[[], int]
"""A number that grows with every commit that matters."""


class Polling(ChangeSource):
    """Asks often while something happens, and ever more rarely while nothing does."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._stopped = threading.Event()
        self._runs = threading.Event()
        self._runs.set()
        self._thread: threading.Thread | None = None

    def start(self, on_change: Callable[[], None]) -> None:
        """See the port."""
        if self._thread is not None:
            return
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._watch, args=(self._stopped, on_change), name="errands-poll", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """See the port."""
        thread, self._thread = self._thread, None
        self._stopped.set()
        self._runs.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=2)

    def pause(self) -> bool:
        """Ask no more for now: something else tells; whether it was asking."""
        was_running = self._runs.is_set()
        self._runs.clear()
        return was_running

    def resume(self) -> None:
        """Ask again."""
        self._runs.set()

    def _watch(self, stopped: threading.Event, on_change: Callable[[], None]) -> None:
        last, pause = self._look(None), SHORTEST_PAUSE
        # Whoever looked for himself before this first look may have missed what it includes.
        on_change()
        while not stopped.wait(pause):
            if not self._runs.is_set():
                self._runs.wait()
                last = None
            seen = self._look(last)
            if seen == last:
                pause = min(pause * GROWTH, LONGEST_PAUSE)
                continue
            last, pause = seen, SHORTEST_PAUSE
            on_change()

    def _look(self, last: int | None) -> int | None:
        try:
            return self._probe()
        except Exception as error:  # noqa: BLE001 - it is asked again
            _log.debug("a look for changes failed: %s", error)
            return last
