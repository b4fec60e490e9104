"""Commits of other processes to a SQLite file, seen within a millisecond."""

from __future__ import annotations

import os
import selectors
import threading
import time
from collections.abc import Callable
from typing import Final

from ...core.ports.wakeup import ChangeSource
from .inotify import Inotify

Probe = Callable[[], int | None]
"""SQLite's data_version on the writer connection: it changes when another connection has
committed, and only then. None where the connection is in use just now."""

LADDER: Final = (0.0, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005)
"""Seconds between looks after a write to the log was seen: the write comes before the commit
is visible, and the commit itself raises no event (18 of 100 wakes came too early)."""

BETWEEN_WAKES: Final = 0.01
"""The shortest time between wakes, so that a busy neighbour does not keep us awake. Two may
come at once: the first write after a checkpoint starts the log anew, which changes the version
just before its commit does (20 of 20 times)."""

SHORTEST_POLL: Final = 0.001
LONGEST_POLL: Final = 0.05
"""Bounds of the adaptive polling where there is no inotify."""

RENEW_WATCH: Final = 1.0


class FileWatch(ChangeSource):
    """Watches the `-wal` file with inotify where there is one, and polls elsewhere.

    It opens no descriptor of a database file.
    """

    def __init__(self, log_path: str, probe: Probe) -> None:
        self._log_path = log_path
        self._probe = probe
        self._stop: int | None = None
        self._thread: threading.Thread | None = None

    def start(self, on_change: Callable[[], None]) -> None:
        """See the port."""
        if self._thread is not None:
            return
        stopped, self._stop = os.pipe()
        # From here on every commit is told, also one that comes before the thread runs.
        last = self._probe()
        self._thread = threading.Thread(
            target=self._watch, args=(stopped, on_change, last), name="errands-watch", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """See the port."""
        thread, stop = self._thread, self._stop
        self._thread = self._stop = None
        if stop is not None:
            os.close(stop)
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=1)

    def _watch(self, stopped: int, on_change: Callable[[], None], last: int | None) -> None:
        try:
            inotify = Inotify.of_system()
            if inotify is None:
                self._poll(stopped, on_change, last)
            else:
                with inotify:
                    self._listen(inotify, stopped, on_change, last)
        finally:
            os.close(stopped)

    def _listen(
        self, inotify: Inotify, stopped: int, on_change: Callable[[], None], last: int | None
    ) -> None:
        inotify.watch(self._log_path)
        allowed = 0.0
        with _readable(inotify.fileno(), stopped) as readable, _readable(stopped) as ending:
            while True:
                version = self._look(last)
                if version != last:
                    last = version
                    on_change()
                    now = time.monotonic()
                    if ending.select(max(0.0, allowed - now)):
                        return
                    allowed = max(allowed, now) + BETWEEN_WAKES
                ready = {key.fd for key, _ in readable.select(RENEW_WATCH)}
                if stopped in ready:
                    return
                if not ready:
                    inotify.watch(self._log_path)
                inotify.drain()

    def _look(self, last: int | None) -> int | None:
        """The version, looked at down the ladder until it differs from `last`."""
        version = last
        for pause in LADDER:
            if pause:
                time.sleep(pause)
            seen = self._probe()
            if seen is not None:
                version = seen
            if version != last:
                break
        return version

    def _poll(self, stopped: int, on_change: Callable[[], None], last: int | None) -> None:
        pause = SHORTEST_POLL
        with _readable(stopped) as readable:
            while not readable.select(pause):
                version = self._probe()
                if version is None or version == last:
                    pause = min(pause * 1.5, LONGEST_POLL)
                    continue
                last, pause = version, SHORTEST_POLL
                on_change()


def _readable(*descriptors: int) -> selectors.BaseSelector:
    """Waits until one of these can be read; select(2) itself stops at descriptor 1,023."""
    selector = selectors.DefaultSelector()
    for descriptor in descriptors:
        selector.register(descriptor, selectors.EVENT_READ)
    return selector
