"""A trouble of the store that lasts, as those who meet it in one process tell of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final
from weakref import WeakSet

import attrs

from .at_fork import at_fork

FIRST_REMINDER: Final = 15.0
"""Seconds after which it is told again; twice as long each time."""
LONGEST_REMINDER: Final = 300.0
CALM_SECONDS: Final = 10.0
"""What comes back sooner than this is the same trouble."""
FORGOTTEN_SECONDS: Final = 180.0
"""Who has not met it for so long does not count: it has ended, or asks nothing any more."""


@attrs.frozen
class Telling:
    """For how many seconds it has lasted, and whether this kind of error is new in it."""

    lasts_seconds: float
    is_new: bool


class Outage:
    """Begins with the first who meets it, and is over when nobody does any more.

    It is to be told when it begins, once for each kind of error, and then ever more rarely. Any
    thread may meet it, and waits for nobody: two who do in the same moment may both tell.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._wakes: set[Callable[[], None]] = set()
        self._met: dict[object, float] = {}
        self._kinds = set[type[BaseException]]()
        self._last = -math.inf
        self._began = self._remind_at = 0.0
        self._pause = FIRST_REMINDER
        self._is_told = False
        _all.add(self)

    @property
    def is_on(self) -> bool:
        """Whether somebody has met it and not been answered since."""
        return bool(self._met)

    def meets(self, who: object, error: BaseException) -> Telling | None:
        """Note that somebody has met it; what to tell of it, None where nothing is to be told."""
        now, kind = self._monotonic(), type(error)
        if now - self._last >= (FORGOTTEN_SECONDS if self._met else CALM_SECONDS):
            self._begin(now)
        self._met[who] = self._last = now
        is_new = kind not in self._kinds
        if is_new:
            self._kinds.add(kind)
        elif now >= self._remind_at:
            self._pause = min(self._pause * 2, LONGEST_REMINDER)
            self._remind_at = now + self._pause
        else:
            return None
        self._is_told = True
        return Telling(now - self._began, is_new)

    def answers(self, who: object) -> float | None:
        """The store has answered somebody: for how long it was away, if that is to be told now.

        The others, who may be resting, try again at once.
        """
        has_met, now = self._met.pop(who, None) is not None, self._monotonic()
        if has_met:
            for wake in list(self._wakes):
                wake()
        if any(now - at < FORGOTTEN_SECONDS for at in list(self._met.values())):
            return None
        self._met = {}
        self._remind_at = min(self._remind_at, now + FIRST_REMINDER)
        was_told, self._is_told = self._is_told, False
        return self._last - self._began if was_told else None

    def leaves(self, who: object) -> None:
        """Somebody asks nothing of the store any more."""
        self._met.pop(who, None)

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Be woken when the store has answered one who had met it; returns how to end that."""
        self._wakes.add(wake)
        return lambda: self._wakes.discard(wake)

    def after_in_child(self) -> None:
        """Those who have met it are in the parent."""
        self._wakes = set()
        self._last, self._met = -math.inf, {}

    def _begin(self, now: float) -> None:
        self._met = {}
        self._kinds = set[type[BaseException]]()
        self._began = now
        self._pause = FIRST_REMINDER
        self._remind_at = now + FIRST_REMINDER


_all: Final[WeakSet[Outage]] = WeakSet()


def _after_in_child() -> None:
    for outage in list(_all):
        outage.after_in_child()


at_fork(after_in_child=_after_in_child)
