"""The lease of a run and the claim that creates it."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from .status import CLAIMABLE, JobStatus


@attrs.frozen
class Lease:
    """The right of one run to settle its job.

    `token` is the fencing token: drawn afresh for every claim and checked by every
    write of the run (Kleppmann, "How to do distributed locking", 2016). A lease is
    lost when a write has taken it, not when `expires_at` passes: until then a late
    finish counts.
    """

    token: str
    worker: str
    expires_at: datetime


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
