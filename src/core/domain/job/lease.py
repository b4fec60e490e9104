"""The lease of a run and the claim that creates it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import attrs

from . import defaults
from .status import CLAIMABLE, JobStatus

CLOCK_TOLERANCE: Final = timedelta(seconds=5)
"""By how much the clocks of those who write leases may differ."""
OVERDUE_SHARE: Final = 4
"""A lease with less than this part of its length left is overdue: it is renewed at half."""


@attrs.frozen
class Term:
    """Until when a lease is given, and for how long each renewal gives it.

    A living worker renews while at least half of the length is left, and tries again at once
    where that fails. So it loses no lease to an outage of a quarter of the length. A length that
    somebody else has written may lead beyond the first year or the last: no moment is made of it.
    """

    expires_at: datetime
    length: timedelta

    @property
    def bears(self) -> timedelta:
        """The longest time without a store that costs no living worker this lease."""
        return self.length / OVERDUE_SHARE

    def overdue_in(self, now: datetime) -> timedelta:
        """After how long a living worker would have renewed it, had it been able to."""
        return self.expires_at - now - self.bears

    def has_run_out(self, now: datetime) -> bool:
        """Whether it was not renewed in time."""
        return self.expires_at <= now

    def is_beyond(self, now: datetime) -> bool:
        """Whether it ends later than any renewal could make it: the clock was set back since."""
        return self.expires_at - now - CLOCK_TOLERANCE > self.length


@attrs.frozen
class Lease:
    """The right of one run to settle its job.

    `token` is the fencing token: drawn afresh for every claim and checked by every
    write of the run (Kleppmann, "How to do distributed locking", 2016). A lease is
    lost when a write has taken it, not when `expires_at` passes: until then a late
    finish counts. Each renewal gives it for `length` from then on.
    """

    token: str
    worker: str
    expires_at: datetime
    length: timedelta = defaults.LEASE

    @property
    def term(self) -> Term:
        """Until when, and for how long at a time."""
        return Term(self.expires_at, self.length)

    def prolonged(self, until: datetime) -> Lease:
        """The same lease, given until then where that is later."""
        return attrs.evolve(self, expires_at=max(self.expires_at, until))


@attrs.frozen
class Claim:
    """A worker's wish for jobs: at most `limit` waiting ones of `queue`, in claim order.

    Claim order is priority (highest first), then turn, then sequence. A claimed job
    gets a lease of `lease` from now under `token`. Paused queues give nothing, and
    neither do jobs whose `lapses_at` has passed.
    """

    queue: str
    limit: int
    worker: str
    token: str
    lease: timedelta
    source: JobStatus = CLAIMABLE
    target: JobStatus = JobStatus.ACTIVE
