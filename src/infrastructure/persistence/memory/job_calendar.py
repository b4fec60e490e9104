"""Jobs by time, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import attrs

from ....core.domain.job.job import Job
from ....core.domain.job.status import TERMINAL, UNSTARTED, JobStatus
from ....core.ports.job_calendar import Agenda, JobCalendar
from .tables import MemoryTables


@attrs.frozen(eq=False)
class MemoryJobCalendar(JobCalendar):
    """Scans: the memory store is a model, not a race."""

    tables: MemoryTables

    def due(self, now: datetime, limit: int) -> list[Job]:
        return self._first(
            limit,
            now,
            lambda job: job.run_at if job.status is JobStatus.DELAYED else None,
            lambda job: job.sequence,
        )

    def expired(self, now: datetime, limit: int, longest: timedelta | None = None) -> list[Job]:
        return self._first(limit, now, lambda job: _end_of_lease(job, longest))

    def beyond(self, now: datetime, limit: int, longest: timedelta) -> list[Job]:
        ends = [
            (job.lease.expires_at, job.key, job)
            for job in self.tables.jobs.values()
            if job.lease is not None
            and job.lease.term.is_beyond(now)
            and job.lease.length <= longest
        ]
        ends.sort(key=lambda entry: entry[:2], reverse=True)
        return [job.copy() for _, _, job in ends[:limit]]

    def lapsed(self, now: datetime, limit: int) -> list[Job]:
        return self._first(
            limit, now, lambda job: job.lapses_at if job.status in UNSTARTED else None
        )

    def purgeable(self, now: datetime, limit: int) -> list[Job]:
        return self._first(limit, now, lambda job: job.purge_at)

    def surplus(self, queue: str, status: JobStatus, limit: int) -> list[Job]:
        settled = [
            job
            for job in self.tables.jobs.values()
            if job.queue == queue and job.status is status and status in TERMINAL
        ]
        settled.sort(key=lambda job: (job.finished_at or job.created_at, job.key), reverse=True)
        keep = settled[0].keep.count if settled else None
        return [] if keep is None else [job.copy() for job in settled[keep : keep + limit][::-1]]

    def agenda(self, after: datetime | None = None) -> Agenda:
        jobs = self.tables.jobs.values()

        def least(moments: Iterable[datetime | None]) -> datetime | None:
            later = (at for at in moments if at is not None and (after is None or at > after))
            return min(later, default=None)

        leases = [(job.lease.expires_at, job.key, job.lease) for job in jobs if job.lease]
        leases.sort(key=lambda entry: entry[:2])
        return Agenda(
            due=least(job.run_at for job in jobs if job.status is JobStatus.DELAYED),
            lapse=least(job.lapses_at for job in jobs if job.status in UNSTARTED),
            purge=least(job.purge_at for job in jobs),
            first_lease=leases[0][2].term if leases else None,
            last_lease=leases[-1][2].term if leases else None,
        )

    def _first(
        self,
        limit: int,
        now: datetime,
        moment: Callable[[Job], datetime | None],
        tie: Callable[[Job], int] = lambda job: job.key,
    ) -> list[Job]:
        timed = [(moment(job), tie(job), job) for job in self.tables.jobs.values()]
        ripe = [(at, order, job) for at, order, job in timed if at is not None and at <= now]
        ripe.sort(key=lambda entry: entry[:2])
        return [job.copy() for _, _, job in ripe[:limit]]


def _end_of_lease(job: Job, longest: timedelta | None) -> datetime | None:
    if job.lease is None or (longest is not None and job.lease.length > longest):
        return None
    return job.lease.expires_at
