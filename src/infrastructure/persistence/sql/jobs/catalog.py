"""Jobs for people, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import attrs
from sqlalchemy import select
from sqlalchemy.sql import ColumnElement

from .....core.domain.job.identity import JobRef
from .....core.domain.job.job import Job
from .....core.domain.job.status import JobStatus
from .....core.ports.job_catalog import Count, JobCatalog, JobQuery, Page, RefPage
from ..sql_connection import SqlConnection
from ..statement import Query
from ..syntax import SqlSyntax
from ..times import ms
from .candidates import candidates
from .columns import LOADED
from .damaged_rows import read_job
from .statements import count as counted

MANY_QUEUES: Final = 100
"""Queues that cost more one by one than all jobs together, as a rule."""
FURTHER: Final = 100
"""Rows read at once, at least, where a page was not filled by the first look."""
_KEY: Final = LOADED.index("key")


@attrs.frozen(eq=False)
class SqlJobCatalog(JobCatalog):
    """The read side of the jobs' table."""

    sql: SqlConnection
    now: datetime

    def peek(self, refs: Collection[JobRef]) -> list[Job]:
        if not refs:
            return []
        return [read_job(row) for row in self.sql.dialect.jobs.peek(self.sql, refs)]

    def queues_of(self, job_id: str) -> list[str]:
        job = self.sql.dialect.tables.jobs.c
        query = select(job.queue).where(job.id == job_id).order_by(job.queue)
        return [row[0] for row in self.sql.select(query)]

    def page(self, query: JobQuery, *, after: int | None, limit: int) -> Page:
        """SQL finds candidates; which of them are meant, the query itself says."""
        loaded = self.sql.dialect.statements.jobs.loaded
        found: list[Job] = []
        cursor, size = after, limit
        while True:
            rows = self.sql.select(self._listed(loaded, query, cursor, size))
            found += filter(query.fits, map(read_job, rows))
            if len(found) > limit:
                return Page(tuple(found[:limit]), found[limit - 1].key)
            if len(rows) <= size:
                return Page(tuple(found), None)
            cursor, size = int(rows[-1][_KEY]), max(size, FURTHER)

    def refs(self, query: JobQuery, *, after: int | None, up_to: int, limit: int) -> RefPage:
        job = self.sql.dialect.tables.jobs.c
        wanted = self._listed((job.key, job.queue, job.id), query, after, limit)
        rows = self.sql.select(wanted.where(job.key <= up_to))
        shown = rows[:limit]
        last = shown[-1][0] if len(rows) > limit and shown else None
        return RefPage(tuple(JobRef(queue, id_) for _, queue, id_ in shown), last)

    def has_jobs(self, queue: str) -> bool:
        return bool(self.sql.rows(self.sql.dialect.statements.jobs.has_jobs, (queue,)))

    def count(self, queue: str, status: JobStatus, bound: int) -> Count:
        rows = self.sql.rows(counted(self.sql.dialect.statements.jobs, status), (queue, bound + 1))
        return _bounded(int(rows[0][0]), bound)

    def count_each(self, queues: Sequence[str], bound: int) -> Mapping[str, dict[JobStatus, Count]]:
        """Of many queues in one statement, where the engine has an index for it."""
        counts = self.sql.dialect.jobs.counts
        if counts is None or len(queues) < MANY_QUEUES:
            return super().count_each(queues, bound)
        there = {(queue, status): found for queue, status, found in self.sql.rows(counts)}

        def counted(queue: str) -> dict[JobStatus, Count]:
            return {one: _bounded(there.get((queue, one.value), 0), bound) for one in JobStatus}

        return {queue: counted(queue) for queue in queues}

    def claimable(self, queues: Sequence[str], most: int) -> list[str]:
        return self.sql.dialect.claims.claimable(self.sql, queues, ms(self.now), most)

    def _listed(
        self, columns: Sequence[ColumnElement[Any]], query: JobQuery, after: int | None, limit: int
    ) -> Query:
        """These columns of a page of jobs, and of one job more, which tells that there is more."""
        syntax = self.sql.dialect.syntax
        key = syntax.tables.jobs.c.key
        wanted: Query = select(*columns).where(*_conditions(query, syntax))
        if after is not None:
            wanted = wanted.where(key < after if query.newest_first else key > after)
        return wanted.order_by(key.desc() if query.newest_first else key).limit(limit + 1)


def _bounded(found: int, bound: int) -> Count:
    return Count(min(found, bound), found <= bound)


def _conditions(query: JobQuery, syntax: SqlSyntax) -> Iterator[ColumnElement[bool]]:
    job = syntax.tables.jobs.c
    if query.queue is not None:
        yield job.queue == query.queue
    if query.statuses:
        yield job.status.in_(sorted(status.value for status in query.statuses))
    if query.name is not None:
        yield job.name == query.name
    yield from candidates(query, syntax)
