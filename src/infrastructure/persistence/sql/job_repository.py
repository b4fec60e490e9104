"""Jobs in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs

from ....core.domain.errors import JobNotFound
from ....core.domain.job.identity import JobRef
from ....core.domain.job.job import Job
from ....core.ports.job_repository import JobRepository
from . import statements
from .mapping import changing_values, job_from_row, new_values
from .session import Session


@attrs.frozen(eq=False)
class SqlJobRepository(JobRepository):
    """Jobs as rows, written a batch at a time."""

    session: Session

    def draw_sequences(self, count: int) -> int:
        """See the port."""
        return int(self.session.rows(statements.DRAW, (count,))[0][0]) - count + 1

    def last_sequence(self) -> int:
        """See the port."""
        return int(self.session.rows(statements.LAST_SEQUENCE)[0][0])

    def insert(self, jobs: Sequence[Job]) -> frozenset[JobRef]:
        """See the port."""
        if not jobs:
            return frozenset()
        rows = [new_values(job) for job in jobs]
        if len(rows) == 1:
            written = self.session.write(statements.INSERT_JOBS, rows[0])
        else:
            written = self.session.write_many(statements.INSERT_JOBS, rows)
        return frozenset() if written == len(rows) else self._taken(jobs)

    def get(self, ref: JobRef) -> Job:
        """See the port."""
        rows = self.session.rows(statements.BY_REF, (ref.queue, ref.id))
        if not rows:
            raise JobNotFound(ref.id, ref.queue)
        return job_from_row(rows[0])

    def find(self, refs: Collection[JobRef]) -> list[Job]:
        """See the port."""
        return [
            job_from_row(row)
            for ref in refs
            for row in self.session.rows(statements.BY_REF, (ref.queue, ref.id))
        ]

    def save(self, jobs: Sequence[Job]) -> list[Job]:
        """See the port."""
        stale: list[Job] = []
        for job in jobs:
            row = (*changing_values(job), job.key, job.version)
            if self.session.write(statements.SAVE, row) == 1:
                job.version += 1
            else:
                stale.append(job)
        return stale

    def save_data(self, job: Job) -> None:
        """See the port."""
        self.session.write(statements.SAVE_DATA, (job.data, job.key))

    def remove(self, jobs: Sequence[Job]) -> None:
        """See the port."""
        keys = [(job.key,) for job in jobs]
        if keys:
            self.session.write_many(statements.DELETE_LOGS, keys)
            self.session.write_many(statements.DELETE_JOB, keys)

    def _taken(self, jobs: Sequence[Job]) -> frozenset[JobRef]:
        there = {job.ref: job.key for job in self.find({job.ref for job in jobs})}
        return frozenset(job.ref for job in jobs if there[job.ref] != job.key)
