"""By which time a scheduler may remove what is old."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

JUMP: Final = timedelta(minutes=1)
"""By so much the store's clock may move against a monotonic one between two looks."""
QUIET: Final = timedelta(hours=1)
"""How long nothing is removed for its age after the clock has moved by more."""

_log = logging.getLogger("errands.scheduler")


class AgeWatch:
    """Tells by which time something is old: one at which the store's clock came by going evenly.

    A clock that is days ahead for a moment makes everything look old, and what is removed does
    not come back. So after a jump nothing is, for a while, in which somebody may set it right.
    `monotonic` is in seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._seen: tuple[datetime, float] | None = None
        self._set_at: float | None = None

    def looked(self, now: datetime, at: float, took: float) -> None:
        """Note that the store told its time `now`, at `at`, or up to `took` seconds before.

        One that was away for so long that it could not be told from a jump says nothing.
        """
        if took > JUMP.total_seconds():
            return
        if self._seen is not None:
            before, began = self._seen
            moved = (now - before).total_seconds() - (at - began)
            if abs(moved) > JUMP.total_seconds():
                self._set_at = at
                _log.warning(
                    "the clock was set by %.0f s: nothing is removed for its age for %.0f minutes",
                    moved,
                    QUIET.total_seconds() / 60,
                )
        self._seen = now, at

    @property
    def is_steady(self) -> bool:
        """Whether things may be removed for their age at all."""
        return self._set_at is None or self._monotonic() - self._set_at >= QUIET.total_seconds()

    @property
    def latest(self) -> datetime | None:
        """The latest time that is no jump from the last look; None where there was none."""
        if self._seen is None:
            return None
        now, at = self._seen
        try:
            return now + timedelta(seconds=self._monotonic() - at) + JUMP
        except OverflowError:
            return None
