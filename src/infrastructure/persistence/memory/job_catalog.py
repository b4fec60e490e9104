"""Jobs for people, in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import islice

import attrs

from ....core.domain.job.identity import JobRef
from ....core.domain.job.job import Job
from ....core.domain.job.status import JobStatus
from ....core.ports.job_catalog import Count, JobCatalog, JobQuery, Page, RefPage
from .tables import MemoryTables


@attrs.frozen(eq=False)
class MemoryJobCatalog(JobCatalog):
    """The read side of the jobs in memory."""

    tables: MemoryTables
    now: datetime

    def peek(self, refs: Collection[JobRef]) -> list[Job]:
        keys = self.tables.keys
        return [self.tables.jobs[keys[ref]].copy() for ref in refs if ref in keys]

    def queues_of(self, job_id: str) -> list[str]:
        return sorted(ref.queue for ref in self.tables.keys if ref.id == job_id)

    def page(self, query: JobQuery, *, after: int | None, limit: int) -> Page:
        found = list(islice(self._matching(query, after), limit + 1))
        shown = tuple(job.copy() for job in found[:limit])
        return Page(shown, shown[-1].key if len(found) > limit and shown else None)

    def refs(self, query: JobQuery, *, after: int | None, up_to: int, limit: int) -> RefPage:
        behind = (job for job in self._matching(query, after) if job.key <= up_to)
        found = list(islice(behind, limit + 1))
        shown = tuple(job.ref for job in found[:limit])
        return RefPage(shown, found[limit - 1].key if len(found) > limit and shown else None)

    def has_jobs(self, queue: str) -> bool:
        return self.tables.has_jobs(queue)

    def count(self, queue: str, status: JobStatus, bound: int) -> Count:
        matching = (
            job for job in self.tables.jobs.values() if job.queue == queue and job.status is status
        )
        found = sum(1 for _ in islice(matching, bound + 1))
        return Count(min(found, bound), found <= bound)

    def claimable(self, queues: Sequence[str], most: int) -> list[str]:
        return list(islice(filter(self._is_claimable, queues), most))

    def _matching(self, query: JobQuery, after: int | None) -> Iterator[Job]:
        jobs = sorted(self.tables.jobs.values(), key=lambda job: job.key)
        if query.newest_first:
            jobs.reverse()
        return (job for job in jobs if _is_behind(job, query, after) and query.fits(job))

    def _is_claimable(self, name: str) -> bool:
        queue = self.tables.queues.get(name)
        if queue is not None and queue.is_paused:
            return False
        return any(job.is_claimable(self.now) for job in self.tables.of(name))


def _is_behind(job: Job, query: JobQuery, after: int | None) -> bool:
    if after is None:
        return True
    return job.key < after if query.newest_first else job.key > after
