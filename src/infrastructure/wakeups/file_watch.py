"""Commits of other processes to a SQLite file, seen within a millisecond."""

from __future__ import annotations

import logging
import os
import selectors
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from ...core.application.log_apart import LogApart
from ...core.application.thread_wake_event import ThreadWakeEvent
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

POLL_FOR: Final = 5.0
"""Seconds of polling after which it is looked again whether inotify is to be had."""

RENEW_WATCH: Final = 1.0

_log = LogApart(logging.getLogger("errands.sqlite"))


class FileWatch(ChangeSource):
    """Watches the `-wal` file with inotify where there is one, and polls elsewhere.

    It polls for a while, too, where the system has no descriptors to give just now. It opens
    no descriptor of a database file.
    """

    def __init__(self, log_path: str, probe: Probe) -> None:
        self._log_path = log_path
        self._probe = probe
        self._end: _End | None = None
        self._thread: threading.Thread | None = None

    def start(self, on_change: Callable[[], None]) -> None:
        """Where no thread is to be had, the next one to subscribe tries again."""
        if self._thread is not None:
            return
        end = _End()
        # From here on every commit is told, also one that comes before the thread runs.
        last = self._probe()
        thread = threading.Thread(
            target=self._watch, args=(end, on_change, last), name="errands-watch", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:
            _log.warning("other processes are not heard, but by looking now and then: %s", error)
        except BaseException:  # A signal handler's; it may have started all the same.
            end.come()
            raise
        else:
            self._thread, self._end = thread, end

    def stop(self) -> None:
        thread, end = self._thread, self._end
        self._thread = self._end = None
        if end is not None:
            end.come()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=1)

    def _watch(self, end: _End, on_change: Callable[[], None], last: int | None) -> None:
        while not end.has_come:
            try:
                inotify = Inotify.of_system()
                if inotify is not None:
                    with inotify, end.descriptor() as ended:
                        self._listen(inotify, end, ended, on_change, last)
                    return
            except OSError as error:
                _log.debug("%s is polled: %s", self._log_path, error)
            last = self._poll(end, on_change, last)

    def _listen(
        self,
        inotify: Inotify,
        end: _End,
        ended: int,
        on_change: Callable[[], None],
        last: int | None,
    ) -> None:
        with _readable(inotify.fileno(), ended) as readable, _readable(ended) as ending:
            inotify.watch(self._log_path)
            allowed = 0.0
            while True:
                version = self._look(last)
                if version != last:
                    last = version
                    # The log is another file where it was closed and opened again in between.
                    inotify.watch(self._log_path)
                    on_change()
                    now = time.monotonic()
                    if ending.select(max(0.0, allowed - now)):
                        return
                    allowed = max(allowed, now) + BETWEEN_WAKES
                ready = {key.fd for key, _ in readable.select(RENEW_WATCH)}
                if end.has_come:
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

    def _poll(self, end: _End, on_change: Callable[[], None], last: int | None) -> int | None:
        """Ask now and then, for a while; the version seen last."""
        pause, until = SHORTEST_POLL, time.monotonic() + POLL_FOR
        while not end.wait(pause) and time.monotonic() < until:
            version = self._probe()
            if version is None or version == last:
                pause = min(pause * 1.5, LONGEST_POLL)
                continue
            last, pause = version, SHORTEST_POLL
            on_change()
        return last


class _End:
    """The end of a watch, waited for by time or by descriptor."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.has_come = False
        self._signal = ThreadWakeEvent()
        self._writing: int | None = None

    def wait(self, seconds: float) -> bool:
        """Whether it has come, after so long at most."""
        self._signal.wait(seconds)
        return self.has_come

    def come(self) -> None:
        """End the watch."""
        with self._lock:
            self.has_come = True
            self._signal.set()
            if self._writing is not None:
                # To close it would not do: a forked child has it open, too.
                os.write(self._writing, b"x")

    @contextmanager
    def descriptor(self) -> Generator[int, None, None]:
        """One that can be read once the end has come. Raises OSError where none is left."""
        reading, writing = os.pipe()
        try:
            with self._lock:
                self._writing = writing
                if self.has_come:
                    os.write(writing, b"x")
            yield reading
        finally:
            with self._lock:
                self._writing = None
            os.close(reading)
            os.close(writing)


def _readable(*descriptors: int) -> selectors.BaseSelector:
    """Waits until one of these can be read; select(2) itself stops at descriptor 1,023."""
    selector = selectors.DefaultSelector()
    for descriptor in descriptors:
        selector.register(descriptor, selectors.EVENT_READ)
    return selector
