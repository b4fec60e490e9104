"""The statements about jobs that every engine understands, each built once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.sql import ColumnElement

from .....core.domain.job.status import JobStatus
from ....cached_property import cached_property
from ..statement import FORMS, Query, Statement
from ..syntax import ONE, SqlSyntax
from .columns import CHANGING
from .selecting import bare, has_jobs_in, is_in, loaded
from .statuses import literal_of

REF: Final = ("of_queue", "of_id")


class JobStatements:
    """Statements over the table of jobs. Each names its parameters in order."""

    def __init__(self, syntax: SqlSyntax) -> None:
        self.syntax = syntax
        self.tables = syntax.tables
        self.loaded = loaded(syntax.tables)
        self.bare = bare(syntax.tables)

    @cached_property
    def by_ref(self) -> Statement:
        """A job by queue and id."""
        return Statement(self._by_ref(self.loaded), REF)

    @cached_property
    def by_ref_bare(self) -> Statement:
        """The same job, without what may be large."""
        return Statement(self._by_ref(self.bare), REF)

    @cached_property
    def by_ref_locked(self) -> Statement:
        """A job by queue and id, locked."""
        return Statement(self.syntax.locked(self._by_ref(self.loaded)), REF)

    def _by_ref(self, columns: Sequence[ColumnElement[Any]]) -> Query:
        job = self.tables.jobs.c
        return select(*columns).where(
            job.queue == bindparam("of_queue"), job.id == bindparam("of_id")
        )

    @cached_property
    def save_one(self) -> Statement:
        """Write a job whose version is still the one that was decided on."""
        jobs = self.tables.jobs
        values: dict[str, ColumnElement[Any]] = {
            name: bindparam("new_" + name) for name in CHANGING
        }
        saved = (
            update(jobs)
            .where(jobs.c.key == bindparam("of_key"), jobs.c.version == bindparam("of_version"))
            .values(version=jobs.c.version + ONE, **values)
        )
        return Statement(saved, [*("new_" + name for name in values), "of_key", "of_version"])

    @cached_property
    def save_data(self) -> Statement:
        """Write a job's input."""
        jobs = self.tables.jobs
        changed = update(jobs).where(jobs.c.key == bindparam("of_key"))
        return Statement(changed.values(data=bindparam("text")), ["text", "of_key"])

    @cached_property
    def has_jobs(self) -> Statement:
        """One row where there is any job in a queue."""
        found: Query = select(ONE).where(has_jobs_in(self.tables, bindparam("of_name")))
        return Statement(found, ["of_name"])


@lru_cache(FORMS)
def count(statements: JobStatements, status: JobStatus) -> Statement:
    """How many jobs of a queue have this status, at most so many. Parameters: queue, bound."""
    tables = statements.tables
    some: Query = select(ONE.label("one")).where(
        tables.jobs.c.queue == bindparam("of_queue"), is_in(tables, literal_of(status))
    )
    counted = select(func.count()).select_from(statements.syntax.first(some).subquery())
    return Statement(counted, ["of_queue", "most"])
