"""Pauses that grow while something fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

AFTER_ERROR: Final = (0.05, 2.0)
"""The first and the longest pause of a worker after the store has failed, in seconds."""
LONGEST_AWAY: Final = 5.0
"""The longest one of those who are woken when the store has answered the worker."""


class Backoff:
    """Pauses of `first` seconds, twice as long each time up to `longest`, with jitter.

    `chance` draws a number from 0 to 1; a pause is cut by up to a half, so that many who met the
    same trouble do not come back together.
    """

    def __init__(self, first: float, longest: float, chance: Callable[[], float]) -> None:
        self._first = first
        self._longest = max(first, longest)
        self._chance = chance
        self._pause = first

    def next(self) -> float:
        """Seconds to wait now."""
        pause, self._pause = self._pause, min(self._pause * 2, self._longest)
        return pause * (1 - self._chance() / 2)

    def reset(self) -> None:
        """Begin anew."""
        self._pause = self._first
