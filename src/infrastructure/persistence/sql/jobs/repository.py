"""Jobs in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs

from .....core.domain.errors import JobNotFound
from .....core.domain.events import Event
from .....core.domain.job.identity import JobRef
from .....core.domain.job.job import Job
from .....core.domain.skipped import skipped
from .....core.ports.job_repository import JobRepository
from ..events.repository import SqlEventLog
from ..sql_connection import SqlConnection
from .damaged_rows import read_job, saved_row
from .rows import new_values


@attrs.frozen(eq=False)
class SqlJobRepository(JobRepository):
    """Jobs as rows, written a batch at a time."""

    sql: SqlConnection
    log: SqlEventLog

    def draw_sequences(self, count: int) -> Sequence[int]:
        return self.sql.dialect.sequences.draw(self.sql, count)

    def last_sequence(self) -> int:
        return self.sql.dialect.sequences.last(self.sql)

    def insert(
        self, jobs: Sequence[Job], births: Sequence[Event] = (), *, are_free: bool = False
    ) -> frozenset[JobRef]:
        if not jobs:
            return frozenset()
        rows = [new_values(job) for job in jobs]
        events = self.log.rows(births)
        taken = self.sql.dialect.jobs.insert(self.sql, rows, events, are_free=are_free)
        return frozenset(JobRef(*ref) for ref in taken)

    def get(self, ref: JobRef) -> Job:
        rows = self.sql.dialect.jobs.find(self.sql, [ref])
        if not rows:
            raise JobNotFound(ref.id, ref.queue)
        return read_job(rows[0])

    def find(self, refs: Collection[JobRef], *, bare: bool = False) -> list[Job]:
        if not refs:
            return []
        found = self.sql.dialect.jobs.find(self.sql, refs, bare=bare)
        return [read_job(row) for row in found]

    def save(self, jobs: Sequence[Job]) -> list[Job]:
        if not jobs:
            return []
        # Of two that were decided on one version the first is written, the other is stale; so
        # is an older version beside a newer one.
        first: dict[int, Job] = {}
        for job in jobs:
            if job.version > first.setdefault(job.key, job).version:
                first[job.key] = job
        rows = [saved_row(job) for job in first.values()]
        written = self.sql.dialect.jobs.save(self.sql, rows)
        for key in written:
            first[key].version += 1
        return [job for job in jobs if first[job.key] is not job or job.key not in written]

    def save_data(self, job: Job) -> None:
        save_data = self.sql.dialect.statements.jobs.save_data
        self.sql.write(save_data, (job.data, job.key))

    def remove(self, jobs: Sequence[Job]) -> None:
        if not jobs:
            return
        going = {job.key: job.ref for job in jobs}
        if self.sql.dialect.jobs.remove(self.sql, list(going)) < len(going):
            for job in self.find(going.values(), bare=True):
                if job.key in going:
                    raise skipped(job.ref)
