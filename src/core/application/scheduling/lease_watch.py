"""What a scheduler has seen of the store and its clock, and what it may judge by that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from ...domain.job.lease import Term

JUMP: Final = 1.0
"""By so many seconds the store's clock may move against a monotonic one between two looks."""
ROUNDS: Final = 5
"""In this part of a lease's length a worker that could not renew tries twice and more."""


class LeaseWatch:
    """Tells which leases a scheduler may take: those whose worker could have renewed them.

    A lease runs out also where its worker could not write, or where the clock was set. So one
    is taken only by a scheduler that has seen the store work and its clock go evenly for as
    long as that lease; and, as it may have looked on without writing anything, that has itself
    written a fifth of that length ago, when the lease was overdue already. `monotonic` is in
    seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._since: float | None = None
        self._written: float | None = None
        self._offset: float | None = None
        self._looked_at: float | None = None

    def looked(self, now: datetime, at: float, took: float, terms: list[Term]) -> None:
        """Note a look at the store that told its time `now`, at `at`, and took so many seconds.

        `terms` are those of the leases that end first and last.
        """
        offset, before = now.timestamp() - at, self._offset
        self._offset = offset
        jumped = 0.0 if before is None else abs(offset - before)
        if jumped > JUMP or any(_hurts(max(took, jumped), term) for term in terms):
            self.lost()
        if self._since is None:
            self._since = self._monotonic()
        was_away = self._was_away(at, terms)
        if was_away or not any(_is_overdue(term, now) for term in terms):
            self._written = None

    def _was_away(self, at: float, terms: list[Term]) -> bool:
        """Whether this process did not look for so long that a lease may have run out meanwhile.

        Workers may have been stopped with it, as on a machine that is paused: what was written
        before is no sign that they could have renewed since.
        """
        before, self._looked_at = self._looked_at, at
        return before is not None and any(
            at - before > term.length.total_seconds() / 2 for term in terms
        )

    def wrote(self, took: float, terms: list[Term]) -> None:
        """Note that writing took so many seconds."""
        if any(_hurts(took, term) for term in terms):
            self.lost()
        if self._written is None:
            self._written = self._monotonic()

    def lost(self) -> None:
        """Note that the store failed, or was away."""
        self._since = self._written = None

    def has_to_write(self, now: datetime, terms: list[Term]) -> bool:
        """Whether a lease is overdue, and nothing was written since it is."""
        return self._written is None and any(_is_overdue(term, now) for term in terms)

    @property
    def longest(self) -> timedelta:
        """The length up to which leases may be taken."""
        if self._since is None or self._written is None:
            return timedelta(0)
        at = self._monotonic()
        return timedelta(seconds=min(at - self._since, ROUNDS * (at - self._written)))

    def wait(self, now: datetime, term: Term) -> float | None:
        """Seconds until something is to be done about a lease; None where that is not known."""
        if not _is_overdue(term, now):
            return term.overdue_in(now).total_seconds()
        if self._since is None or self._written is None:
            return None
        at, length = self._monotonic(), term.length.total_seconds()
        left = max(self._since + length, self._written + length / ROUNDS) - at
        if not term.is_beyond(now):
            left = max(left, (term.expires_at - now).total_seconds())
        return max(0.0, left)


def _is_overdue(term: Term, now: datetime) -> bool:
    return term.overdue_in(now) <= timedelta(0) or term.is_beyond(now)


def _hurts(seconds: float, term: Term) -> bool:
    return seconds > term.bears.total_seconds()
