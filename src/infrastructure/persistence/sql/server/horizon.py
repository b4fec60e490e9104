"""Up to which event nothing can be added any more, where transactions commit out of order."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Final

import attrs

from ....fork_safe_lock import fork_safe_lock

LOOK_AHEAD: Final = 1_000
"""Ids that are looked through for gaps at once."""

LONGEST_WAIT: Final = 60.0
"""Seconds after which a gap is passed whatever is still open: a transaction that goes on for
longer than this after it has written events may add them behind a reader."""


@attrs.frozen
class Settled:
    """`last` is the highest id below which no event can be added; `newest` the highest seen."""

    last: int
    newest: int


@attrs.define(eq=False)
class _Gap:
    """Ids up to `newest` of which some were not in sight, and who may still bring them."""

    newest: int
    writers: frozenset[str]
    since: float


@attrs.frozen(eq=False)
class Look:
    """What one snapshot shows of the log, asked for as far as it is needed.

    `writers` names the transactions that have written to the log and are open; it is asked
    after the snapshot was taken. None: nobody may know.
    """

    newest: int
    ids_behind: Callable[[int, int], Sequence[int]]
    surely_settled: Callable[[], int]
    writers: Callable[[], Collection[str] | None]


class Horizon:
    """Ids are drawn before the commit, so that a lower one may come to light after a higher.

    An id is settled where all ids before it are in sight, or where every transaction that was
    writing when it was first seen had ended before the present snapshot. Safe from any thread.
    """

    def __init__(self) -> None:
        self._lock = fork_safe_lock()
        self._last: int | None = None
        self._gap: _Gap | None = None

    def settled(self, look: Look) -> Settled:
        """What is settled as this snapshot sees it."""
        with self._lock:
            last = look.surely_settled() if self._last is None else self._last
            gap, now = self._gap, time.monotonic()
            if gap is not None and (not gap.writers or now - gap.since > LONGEST_WAIT):
                last = max(last, gap.newest)
                gap = None
            last = self._last = end_of_run(last, look.newest, look.ids_behind)
            self._gap = None if last >= look.newest else _watched(gap, look, now)
            return Settled(last, look.newest)


def end_of_run(last: int, newest: int, ids_behind: Callable[[int, int], Sequence[int]]) -> int:
    """How far one can go on behind an id without missing one."""
    while last < newest:
        ids = ids_behind(last, LOOK_AHEAD)
        for id_ in ids:
            if id_ != last + 1:
                return last
            last = id_
        if len(ids) < LOOK_AHEAD:
            break
    return last


def _watched(gap: _Gap | None, look: Look, now: float) -> _Gap:
    """The gap, with those of its writers that are still open; a new one where there was none."""
    writers = look.writers()
    open_now = frozenset({"unknown"}) if writers is None else frozenset(writers)
    if gap is None:
        return _Gap(look.newest, open_now, now)
    gap.writers &= open_now
    return gap
