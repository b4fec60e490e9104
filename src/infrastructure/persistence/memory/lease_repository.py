"""Claims and leases in memory: `Job.claim` itself, one job after the other."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from itertools import islice

import attrs

from ....core.domain.job.job import Job
from ....core.domain.job.lease import Claim
from ....core.domain.job.moment import Moment
from ....core.ports.lease_repository import Held, LeaseRepository, Renewal
from .tables import MemoryTables


@attrs.frozen(eq=False)
class MemoryLeaseRepository(LeaseRepository):
    """Leases of the jobs in memory."""

    tables: MemoryTables
    now: datetime

    def claim(self, claim: Claim) -> list[Job]:
        queue = self.tables.queues.get(claim.queue)
        if queue is not None and queue.is_paused:
            return []
        ready = (job for job in self.tables.of(claim.queue) if job.is_claimable(self.now))
        chosen = [job.copy() for job in islice(ready, max(0, claim.limit))]
        for job in chosen:
            job.claim(claim, Moment(self.now))
            job.version += 1
            self.tables.put(job.copy())
        return chosen

    def claimed_under(self, worker: str, tokens: Collection[str]) -> list[Job]:
        held = (job for job in self.tables.jobs.values() if job.is_held_by(worker, tokens))
        return [job.copy() for job in sorted(held, key=lambda job: job.claim_position)]

    def renew(self, held: Collection[Held], until: datetime) -> Renewal:
        missed = [hold for hold in held if not self._prolong(hold, until)]
        lost = frozenset(hold for hold in missed if not self._owns(hold))
        flagged = (hold for hold in held if hold not in lost and self._is_flagged(hold))
        return Renewal(lost, frozenset(flagged))

    def rehearse(self) -> None:
        """Nothing keeps memory from being written."""

    def flagged(self, worker: str) -> frozenset[Held]:
        return frozenset(
            Held(job.key, job.lease.token)
            for job in self.tables.jobs.values()
            if job.lease is not None and job.is_flagged_for(worker)
        )

    def renewed_beside(self) -> Collection[Held]:
        """Nothing locks a job here."""
        return ()

    def _owns(self, held: Held) -> bool:
        job = self.tables.jobs.get(held.key)
        return job is not None and job.token == held.token

    def _is_flagged(self, held: Held) -> bool:
        job = self.tables.jobs[held.key]
        return job.holds(held.token) and job.cancel_request is not None

    def _prolong(self, held: Held, until: datetime) -> bool:
        def prolong(job: Job) -> None:
            if job.lease is not None:
                job.lease = attrs.evolve(job.lease, expires_at=until)

        return self.tables.change_held(held, prolong)
