"""Jobs by time, in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from ....core.domain.job.job import Job
from ....core.domain.job.status import TERMINAL, UNSTARTED, JobStatus
from ....core.ports.job_calendar import JobCalendar
from .tables import MemoryTables


@attrs.frozen(eq=False)
class MemoryJobCalendar(JobCalendar):
    """Scans: the memory store is a model, not a race."""

    tables: MemoryTables

    def due(self, now: datetime, limit: int) -> list[Job]:
        """See the port."""
        return self._first(
            limit,
            now,
            lambda job: job.run_at if job.status is JobStatus.DELAYED else None,
            lambda job: job.sequence,
        )

    def expired(self, now: datetime, limit: int) -> list[Job]:
        """See the port."""
        return self._first(limit, now, lambda job: job.lease.expires_at if job.lease else None)

    def lapsed(self, now: datetime, limit: int) -> list[Job]:
        """See the port."""
        return self._first(
            limit, now, lambda job: job.lapses_at if job.status in UNSTARTED else None
        )

    def purgeable(self, now: datetime, limit: int) -> list[Job]:
        """See the port."""
        return self._first(limit, now, lambda job: job.purge_at)

    def surplus(self, queue: str, status: JobStatus, limit: int) -> list[Job]:
        """See the port."""
        settled = [
            job
            for job in self.tables.jobs.values()
            if job.queue == queue and job.status is status and status in TERMINAL
        ]
        settled.sort(key=lambda job: (job.finished_at or job.created_at, job.key), reverse=True)
        keep = settled[0].keep.count if settled else None
        return [] if keep is None else [job.copy() for job in settled[keep : keep + limit][::-1]]

    def next_due(self) -> datetime | None:
        """See the port."""
        moments = (at for job in self.tables.jobs.values() for at in _moments(job))
        return min((at for at in moments if at is not None), default=None)

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


def _moments(job: Job) -> tuple[datetime | None, ...]:
    return (
        job.run_at if job.status is JobStatus.DELAYED else None,
        job.lapses_at if job.status in UNSTARTED else None,
        job.lease.expires_at if job.lease is not None else None,
        job.purge_at,
    )
