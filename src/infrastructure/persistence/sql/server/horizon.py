"""Up to which event nothing can be added any more, where transactions commit out of order."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from typing import Final

import attrs

from .....core.domain.id_runs import IdRun
from ....fork_safe_lock import fork_safe_lock
from ..events.watermark import Runs, Watermark
from .passed_over import (
    LOOKED_BACK,
    together,
    warn_of,
)

LOOK_AHEAD: Final = 1_000
"""Ids that are looked through for gaps at once."""

LONGEST_WAIT: Final = 60.0
"""Seconds after which a gap is passed whatever is still open: the events of a transaction that
goes on for longer than this after it has written them come late."""


_log = logging.getLogger("errands.server")


@attrs.frozen
class Gap:
    """Ids up to `newest` of which some were not in sight, and who may still bring them.

    `is_beside`: so may others, which were waited for before and are waited for no more.
    """

    newest: int
    writers: frozenset[str]
    since: float
    is_beside: bool = False


@attrs.frozen
class Known:
    """What was known of a log at one moment: the last settled id, and the gap behind it.

    It may be applied to every snapshot that is taken later, and to no other: what a snapshot
    does not show may have been settled meanwhile.
    """

    last: int | None = None
    gap: Gap | None = None
    passed: Runs = ()


NOTHING: Final = Known()


@attrs.frozen(eq=False)
class LogSnapshot:
    """What one snapshot shows of the log, asked for as far as it is needed.

    `older` is the newest event that is older, by so many seconds, than the newest of all;
    `missing` are the ids that are not in sight behind one, up to another that is. `writers` names
    the transactions that have written to the log and are open; it is asked after the snapshot
    was taken. `longest_writer` is for how many seconds one of them is open.
    """

    newest: int
    ids_behind: Callable[[int, int], Sequence[int]]
    older: Callable[[float], int]
    missing: Callable[[int, int], Sequence[IdRun]]
    writers: Callable[[], Collection[str]]
    longest_writer: Callable[[], float]


class Horizon:
    """Ids are drawn before the commit, so that a lower one may come to light after a higher.

    An id is settled where all ids before it are in sight, or where every transaction that was
    writing when it was first seen had ended before the present snapshot. Safe from any thread;
    nobody waits for anybody's answer of the server but for his own.

    A transaction that was waited for in vain is not waited for again: what it writes later is
    passed over at once.
    """

    def __init__(self) -> None:
        self._lock = fork_safe_lock()
        self._known = NOTHING
        self._given_up = frozenset[str]()

    @property
    def known(self) -> Known:
        """What is known now, for a snapshot that is about to be taken."""
        return self._known

    def watermark(self, snapshot: LogSnapshot, known: Known) -> Watermark:
        """What is settled as this snapshot sees it, by what was known before it was taken."""
        if has_gone_back(known, snapshot.newest):
            with self._lock:
                self._known = known = NOTHING
        last, passed, kept = known.last, known.passed, known.passed
        if last is None:
            last, passed, kept = _begun(snapshot)
        gap, now = known.gap, time.monotonic()
        if gap is not None and (not gap.writers or now - gap.since > LONGEST_WAIT):
            passed = kept = together(passed, self._passed_over(last, gap, snapshot))
            last = max(last, gap.newest)
            gap = None
        last = end_of_run(last, snapshot.newest, snapshot.ids_behind)
        gap = None if last >= snapshot.newest else self._watched(gap, snapshot, now)
        with self._lock:
            self._known = merged(self._known, Known(last, gap, kept))
        return Watermark(last, snapshot.newest, passed)

    def _passed_over(self, last: int, gap: Gap, snapshot: LogSnapshot) -> Runs:
        """What is passed over with a gap, whose writers are given up."""
        if not gap.writers and not gap.is_beside:
            return ()
        runs = tuple(snapshot.missing(last, gap.newest))
        if gap.writers:
            with self._lock:
                self._given_up |= gap.writers
            if runs:
                warn_of(runs, LONGEST_WAIT)
        return runs

    def _watched(self, gap: Gap | None, snapshot: LogSnapshot, now: float) -> Gap:
        """The gap, with those of its writers that are still open; a new one where there was none.

        Those that were given up are counted apart for as long as they are open.
        """
        open_now = frozenset(snapshot.writers())
        with self._lock:
            self._given_up &= open_now
            given_up = self._given_up
        if gap is None:
            return Gap(snapshot.newest, open_now - given_up, now, bool(given_up))
        writers = gap.writers & open_now
        is_beside = gap.is_beside or bool(writers & given_up)
        return attrs.evolve(gap, writers=writers - given_up, is_beside=is_beside)


def _begun(snapshot: LogSnapshot) -> tuple[int, Runs, Runs]:
    """Where a process begins that knows nothing yet, and what it passes over by that.

    It does not wait for what is older than the longest wait. What is missing of that is for this
    reader; and for those who come later, if anybody has written and is open.
    """
    last = snapshot.older(LONGEST_WAIT)
    runs = tuple(snapshot.missing(snapshot.older(LOOKED_BACK), last)) if last else ()
    if not runs or not snapshot.writers():
        return last, runs, ()
    if snapshot.longest_writer() > LONGEST_WAIT:
        warn_of(runs, LONGEST_WAIT)
    return last, runs, runs


def has_gone_back(known: Known, newest: int) -> bool:
    """Whether the server has lost events that were settled; says so. What was known is void then.

    A standby that had not got all took over, or a backup was restored beneath this program.
    """
    if known.last is None or known.last <= newest:
        return False
    _log.warning(
        "the log of events has gone back from %d to %d: the server has lost what it had, and who "
        "follows the events may miss some that come under the ids of those",
        known.last,
        newest,
    )
    return True


def merged(known: Known, learnt: Known) -> Known:
    """What is known when something was learnt from a snapshot: more, never less.

    Of one gap, seen by two, only those may still write whom both have found open.
    """
    last = max(known.last or 0, learnt.last or 0)
    passed = together(learnt.passed, known.passed)
    gaps = [gap for gap in (known.gap, learnt.gap) if gap is not None and gap.newest > last]
    if len(gaps) == 2 and (gaps[0].newest, gaps[0].since) == (gaps[1].newest, gaps[1].since):
        writers = gaps[0].writers & gaps[1].writers
        is_beside = gaps[0].is_beside or gaps[1].is_beside
        gap = attrs.evolve(gaps[0], writers=writers, is_beside=is_beside)
        return Known(last, gap, passed)
    return Known(last, min(gaps, key=lambda gap: gap.since, default=None), passed)


def ids_in(
    after: int, up_to: int, ids_behind: Callable[[int, int], Sequence[int]]
) -> frozenset[int]:
    """The ids in sight behind one, up to another."""
    seen: set[int] = set()
    while after < up_to and (ids := ids_behind(after, min(LOOK_AHEAD, up_to - after))):
        seen.update(ids)
        after = max(ids)
    return frozenset(seen)


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
