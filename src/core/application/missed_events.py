"""Events that a reader has passed over, and looks for again."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from ..domain.id_runs import IdRun, without

LOOKED_FOR: Final = 3_600.0
"""Seconds for which a reader looks for an event that it had to pass over."""


class Missed:
    """The ids that a reader has passed over, and looks for again until they are too old.

    It belongs to the reader's cursor: who begins anew behind it goes on with what it missed.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until: dict[IdRun, float] = {}

    @property
    def runs(self) -> Sequence[IdRun]:
        """Those that are still looked for."""
        if self._until:
            now = self._monotonic()
            self._until = {run: until for run, until in self._until.items() if until > now}
        return list(self._until)

    def note(self, runs: Iterable[IdRun]) -> None:
        """Look for these from now on."""
        until = self._monotonic() + LOOKED_FOR
        self._until.update((run, until) for run in runs)

    def forget(self, ids: Iterable[int]) -> None:
        """These were found, and are looked for no more."""
        found = sorted(ids)
        if not found:
            return
        left: dict[IdRun, float] = {}
        for run, until in self._until.items():
            mine = found[bisect_left(found, run.first) : bisect_right(found, run.last)]
            left.update((part, until) for part in without(run, mine))
        self._until = left
