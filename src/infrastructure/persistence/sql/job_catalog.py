"""Jobs for people, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import attrs
from sqlalchemy import select
from sqlalchemy.sql import ColumnElement

from ....core.domain.job.identity import JobRef
from ....core.domain.job.job import Job
from ....core.domain.job.status import JobStatus
from ....core.ports.job_catalog import Count, JobCatalog, JobQuery, Page
from . import questions
from .damaged_rows import read_job
from .grammar import Grammar
from .mapping import ms
from .session import Session


@attrs.frozen(eq=False)
class SqlJobCatalog(JobCatalog):
    """The read side of the jobs' table."""

    session: Session
    now: datetime

    def look(self, refs: Collection[JobRef]) -> list[Job]:
        """See the port."""
        if not refs:
            return []
        return [read_job(row) for row in self.session.grammar.look(self.session, refs)]

    def queues_of(self, job_id: str) -> list[str]:
        """See the port."""
        job = self.session.grammar.tables.jobs.c
        query = select(job.queue).where(job.id == job_id).order_by(job.queue)
        return [row[0] for row in self.session.select(query)]

    def page(self, query: JobQuery, *, after: int | None, limit: int) -> Page:
        """See the port."""
        grammar = self.session.grammar
        key = grammar.tables.jobs.c.key
        wanted = select(*grammar.statements.loaded).where(*_conditions(query, grammar))
        if after is not None:
            wanted = wanted.where(key < after if query.newest_first else key > after)
        order = key.desc() if query.newest_first else key
        rows = self.session.select(wanted.order_by(order).limit(limit + 1))
        shown = tuple(read_job(row) for row in rows[:limit])
        return Page(shown, shown[-1].key if len(rows) > limit and shown else None)

    def count(self, queue: str, status: JobStatus, bound: int) -> Count:
        """See the port."""
        rows = self.session.rows(
            questions.count(self.session.grammar.statements, status), (queue, bound + 1)
        )
        found = int(rows[0][0])
        return Count(min(found, bound), found <= bound)

    def claimable(self, queues: Sequence[str], most: int) -> list[str]:
        """See the port."""
        return self.session.grammar.claimable(self.session, queues, ms(self.now), most)


def _conditions(query: JobQuery, grammar: Grammar) -> Iterator[ColumnElement[bool]]:
    job = grammar.tables.jobs.c
    if query.queue is not None:
        yield job.queue == query.queue
    if query.statuses:
        yield job.status.in_(sorted(status.value for status in query.statuses))
    if query.name is not None:
        yield job.name == query.name
    if query.tag is not None:
        yield grammar.has_tag(query.tag)
    for key, value in query.metadata.items():
        yield grammar.has_metadata(key, value)
    if query.error is not None:
        yield grammar.has_error(query.error)
