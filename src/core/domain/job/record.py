"""What is known of a job: questions that change nothing, and by which stores select."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import attrs

from .fields import JobFields
from .identity import JobRef
from .retention import Keep
from .status import CLAIMABLE, UNSTARTED, JobStatus

ClaimPosition = tuple[int, int, int]
"""Priority falling, turn, sequence."""


@attrs.define(kw_only=True, eq=False)
class JobRecord(JobFields):
    """What can be asked of a job.

    Which jobs a claim may take, which are due, expired, lapsed or kept for long enough, is
    decided here alone. Stores translate these questions into their own language once, and a
    test holds the translation against them.
    """

    @property
    def ref(self) -> JobRef:
        """(queue, id)."""
        return JobRef(self.queue, self.id)

    @property
    def reason(self) -> str:
        """Why it failed or was cancelled, in one line; empty where it was not."""
        if self.status is JobStatus.CANCELLED and self.cancel_request is not None:
            return self.cancel_request.reason
        if self.status is JobStatus.FAILED and self.failures:
            return self.failures[-1].reason
        return ""

    @property
    def keep(self) -> Keep:
        """How long the job is kept, by the status it ended in."""
        is_completed = self.status is JobStatus.COMPLETED
        return self.policy.keep_completed if is_completed else self.policy.keep_failed

    @property
    def worker(self) -> str:
        """Who runs it; empty where nobody does."""
        return self.lease.worker if self.lease is not None else ""

    @property
    def is_out_of_starts(self) -> bool:
        """Whether it may not be put aside again for another start."""
        return self.policy.max_starts is not None and self.starts >= self.policy.max_starts

    @property
    def is_suspect(self) -> bool:
        """Whether the next worker that is lost with it would be the last: it runs alone."""
        return self.crashes > 0 and self.crashes >= self.policy.max_crashes

    @property
    def claim_position(self) -> ClaimPosition:
        """Its place in the claim order of its queue; the least is claimed first."""
        return (-self.priority, self.turn, self.sequence)

    @property
    def due_at(self) -> datetime | None:
        """When it joins its queue; None unless it is delayed."""
        return self.run_at if self.status is JobStatus.DELAYED else None

    @property
    def lapsing_at(self) -> datetime | None:
        """When it ends because it did not start in time; None where nothing bounds that."""
        return self.lapses_at if self.status in UNSTARTED else None

    @property
    def ended_at(self) -> datetime:
        """By which moment it is kept among the newest of its queue and status."""
        return self.finished_at or self.created_at

    def is_claimable(self, now: datetime) -> bool:
        """Whether a claim may take it: it waits, and may still start."""
        return self.status is CLAIMABLE and not self.has_lapsed(now)

    def is_due(self, now: datetime) -> bool:
        """Whether it is delayed and its time has come."""
        return self.due_at is not None and self.due_at <= now

    def has_lapsed(self, now: datetime) -> bool:
        """Whether it did not start in time."""
        return self.lapsing_at is not None and self.lapsing_at <= now

    def is_purgeable(self, now: datetime) -> bool:
        """Whether it has ended and was kept for long enough."""
        return self.purge_at is not None and self.purge_at <= now

    def has_expired(self, now: datetime, longest: timedelta | None = None) -> bool:
        """Whether its lease, no longer than `longest` if that is given, has run out."""
        return (
            self.lease is not None
            and self.lease.term.has_run_out(now)
            and (longest is None or self.lease.length <= longest)
        )

    def is_leased_beyond(self, now: datetime, longest: timedelta) -> bool:
        """Whether its lease, no longer than `longest`, ends later than a renewal could make it."""
        return (
            self.lease is not None
            and self.lease.term.is_beyond(now)
            and self.lease.length <= longest
        )

    def is_held_by(self, worker: str, tokens: Collection[str]) -> bool:
        """Whether this worker runs it under one of these tokens."""
        return self.lease is not None and self.lease.worker == worker and self.lease.token in tokens

    def is_flagged_for(self, worker: str) -> bool:
        """Whether this worker runs it and was asked to end the run."""
        return self.worker == worker and self.lease is not None and self.cancel_request is not None

    def holds(self, token: str) -> bool:
        """Whether the run with this token still has the right to settle the job."""
        return self.lease is not None and self.lease.token == token

    def was_settled_by(self, token: str) -> bool:
        """Whether the run with this token has settled the job already."""
        return self.lease is None and self.token == token
