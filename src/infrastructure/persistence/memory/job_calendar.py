"""Jobs by time, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import attrs

from ....core.domain.job.job import Job
from ....core.domain.job.status import JobStatus
from ....core.ports.job_calendar import Agenda, JobCalendar
from .tables import MemoryTables


@attrs.frozen(eq=False)
class MemoryJobCalendar(JobCalendar):
    """Scans: the memory store is a model, not a race."""

    tables: MemoryTables

    def due(self, now: datetime, limit: int) -> list[Job]:
        due = self._jobs(lambda job: job.is_due(now))
        return _first(due, limit, lambda job: (job.due_at, job.sequence))

    def expired(self, now: datetime, limit: int, longest: timedelta | None = None) -> list[Job]:
        return _first(self._jobs(lambda job: job.has_expired(now, longest)), limit, _end_of_lease)

    def beyond(self, now: datetime, limit: int, longest: timedelta) -> list[Job]:
        beyond = self._jobs(lambda job: job.is_leased_beyond(now, longest))
        return _first(beyond, limit, _end_of_lease, last=True)

    def lapsed(self, now: datetime, limit: int) -> list[Job]:
        lapsed = self._jobs(lambda job: job.has_lapsed(now))
        return _first(lapsed, limit, lambda job: (job.lapsing_at, job.key))

    def purgeable(self, now: datetime, limit: int) -> list[Job]:
        purgeable = self._jobs(lambda job: job.is_purgeable(now))
        return _first(purgeable, limit, lambda job: (job.purge_at, job.key))

    def surplus(self, queue: str, status: JobStatus, limit: int) -> list[Job]:
        ended = self._jobs(lambda job: job.queue == queue and job.status is status)
        if not status.is_terminal or not ended:
            return []
        ended.sort(key=lambda job: (job.ended_at, job.key), reverse=True)
        keep = ended[0].keep.count
        return [] if keep is None else [job.copy() for job in ended[keep : keep + limit][::-1]]

    def agenda(self, after: datetime | None = None) -> Agenda:
        jobs = self.tables.jobs.values()

        def least(moments: Iterable[datetime | None]) -> datetime | None:
            later = (at for at in moments if at is not None and (after is None or at > after))
            return min(later, default=None)

        leased = sorted(self._jobs(lambda job: job.lease is not None), key=_end_of_lease)
        terms = [job.lease.term for job in leased if job.lease is not None]
        return Agenda(
            due=least(job.due_at for job in jobs),
            lapse=least(job.lapsing_at for job in jobs),
            purge=least(job.purge_at for job in jobs),
            first_lease=terms[0] if terms else None,
            last_lease=terms[-1] if terms else None,
        )

    def _jobs(self, is_wanted: Callable[[Job], bool]) -> list[Job]:
        return [job for job in self.tables.jobs.values() if is_wanted(job)]


def _first(
    jobs: list[Job], limit: int, order: Callable[[Job], Any], *, last: bool = False
) -> list[Job]:
    return [job.copy() for job in sorted(jobs, key=order, reverse=last)[:limit]]


def _end_of_lease(job: Job) -> tuple[datetime | None, int]:
    return (None if job.lease is None else job.lease.expires_at, job.key)
