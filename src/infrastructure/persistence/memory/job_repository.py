"""Jobs in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs

from ....core.domain.errors import JobNotFound
from ....core.domain.events import Event
from ....core.domain.job.identity import JobRef
from ....core.domain.job.job import Job
from ....core.ports.job_repository import JobRepository
from .event_log import MemoryEventLog
from .tables import MemoryTables


@attrs.frozen(eq=False)
class MemoryJobRepository(JobRepository):
    """Jobs as copies in a dictionary."""

    tables: MemoryTables
    log: MemoryEventLog

    def draw_sequences(self, count: int) -> Sequence[int]:
        return self.tables.draw_sequences(count)

    def last_sequence(self) -> int:
        return self.tables.last_sequence

    def insert(
        self, jobs: Sequence[Job], births: Sequence[Event] = (), *, are_free: bool = False
    ) -> frozenset[JobRef]:
        taken: set[JobRef] = set()
        for job in jobs:
            if job.ref in self.tables.keys:
                taken.add(job.ref)
                continue
            written = job.copy()
            written.number(self.tables.draw_sequences(1)[0])
            self.tables.put(written)
        self.log.append([event for event in births if event.ref not in taken])
        return frozenset() if are_free else frozenset(taken)

    def get(self, ref: JobRef) -> Job:
        key = self.tables.keys.get(ref)
        if key is None:
            raise JobNotFound(ref.id, ref.queue)
        return self.tables.jobs[key].copy()

    def find(self, refs: Collection[JobRef], *, bare: bool = False) -> list[Job]:
        """Here nothing is saved by leaving anything out."""
        keys = self.tables.keys
        return [self.tables.jobs[keys[ref]].copy() for ref in refs if ref in keys]

    def save(self, jobs: Sequence[Job]) -> list[Job]:
        stale: list[Job] = []
        for job in jobs:
            stored = self.tables.jobs.get(job.key)
            if stored is None or stored.version != job.version:
                stale.append(job)
                continue
            job.version += 1
            written = job.copy()
            written.state, written.progress = stored.state, stored.progress
            written.data = stored.data
            self.tables.put(written)
        return stale

    def save_data(self, job: Job) -> None:
        stored = self.tables.jobs[job.key].copy()
        stored.data = job.data
        self.tables.put(stored)

    def remove(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self.tables.delete(job.key)
