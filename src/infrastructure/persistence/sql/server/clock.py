"""The server's time, without asking for it each time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from .....core.domain.moments import moment

SAMPLE_EVERY: Final = 5.0
"""Seconds after which the offset is measured anew."""


def _since_boot() -> float:
    """Seconds that also count while the machine sleeps, where the system has such a clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class ServerClock:
    """A monotonic clock of this host plus its distance to the server's, measured now and then.

    So hosts whose clocks differ, or are set, agree about what is due and what has expired.
    `elapsed` is that clock, in seconds.
    """

    def __init__(self, elapsed: Callable[[], float] = _since_boot) -> None:
        self._elapsed = elapsed
        self._lock = threading.RLock()  # A signal handler may ask in the middle of it.
        self._offset: float | None = None
        self._sampled = 0.0

    @property
    def is_stale(self) -> bool:
        """Whether the distance was not measured for a while."""
        return self._offset is None or self._elapsed() - self._sampled > SAMPLE_EVERY

    def sample(self, ask: Callable[[], float]) -> None:
        """Measure the distance: the server's answer belongs to some moment of the call.

        The first time to its middle; then the distance is changed by no more than what the
        answer proves, since one that was long on its way, over a line that broke, says little.
        """
        before = self._elapsed()
        answer = ask()
        after = self._elapsed()
        least, most = answer - after, answer - before
        with self._lock:
            known = (least + most) / 2 if self._offset is None else self._offset
            self._offset = min(max(known, least), most)
            self._sampled = after

    def __call__(self) -> datetime:
        """The time in UTC and whole milliseconds."""
        offset = self._offset
        if offset is None:
            raise RuntimeError("the server's clock was not asked yet")
        return moment(int((self._elapsed() + offset) * 1000))
