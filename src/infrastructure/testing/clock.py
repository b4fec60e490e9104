"""A clock that stands still until it is told to go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from ...core.domain.job.durations import Duration, duration, instant

START: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)


class FakeClock:
    """Aware UTC time in whole milliseconds that moves only when it is told to.

    `application(clock=FakeClock())` is an application that goes by it.
    """

    def __init__(self, start: datetime = START) -> None:
        self._now = instant(start, "start")

    def __call__(self) -> datetime:
        """The time."""
        return self._now

    @property
    def now(self) -> datetime:
        """The time."""
        return self._now

    def advance(self, by: Duration) -> datetime:
        """Go on by seconds or a timedelta, rounded up to whole milliseconds; the new time."""
        self._now += duration(by, "by")
        return self._now

    def advance_to(self, moment: datetime) -> datetime:
        """Go on to a moment; one that has passed changes nothing. The new time."""
        self._now = max(self._now, instant(moment, "moment"))
        return self._now

    def jump(self, by: timedelta) -> datetime:
        """Move in either direction, as a wall clock that is set anew; the new time."""
        self._now = instant(self._now + by, "by")
        return self._now
