"""The statements about jobs as MariaDB and MySQL need them: several rows in one JSON parameter.

There is no `UPDATE ... RETURNING` and nothing like `ON CONFLICT`, so rows are locked first,
then changed by key, then read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects import mysql
from sqlalchemy.sql import ColumnElement

from ....cached_property import cached_property
from ..jobs.columns import CHANGING, NEW
from ..jobs.statements import REF, JobStatements
from ..statement import Query, Statement
from ..syntax import ONE
from .joins import JoinedDelete, JoinedUpdate, StraightJoin
from .syntax import MysqlSyntax

VERSIONED: Final = ("of_key", "of_version")
SAVED: Final = (*VERSIONED, *CHANGING)
"""The long texts come last: the server looks through a row from its beginning, for each column."""


class MysqlJobStatements(JobStatements):
    """Rows come as the JSON text `rows`: a list of lists, their values in a fixed order."""

    syntax: MysqlSyntax

    @cached_property
    def insert_job(self) -> Statement:
        """Write a job unless its id is taken."""
        jobs = self.tables.jobs
        new = mysql.insert(jobs).values({name: bindparam(name) for name in NEW})
        return Statement(new.on_duplicate_key_update(key=jobs.c.key), NEW)

    @cached_property
    def count_jobs(self) -> Statement:
        """How many of these keys there are."""
        _, joined = self.syntax.given_jobs()
        return Statement(select(func.count()).select_from(joined), ["rows"])

    @cached_property
    def count_together(self) -> Statement:
        """Queue, status and number of all jobs, whatever there is of each."""
        job = self.tables.jobs.c
        counted = select(job.queue, job.status, func.count()).group_by(job.queue, job.status)
        return Statement(counted, [])

    @cached_property
    def lock_versions(self) -> Statement:
        """The keys of the jobs whose version is still the given one, locked in their order."""
        rows, joined = self.syntax.given_jobs(VERSIONED)
        key, version = self.tables.jobs.c.key, self.tables.jobs.c.version
        same: Query = select(key).select_from(joined).where(version == rows.c.of_version)
        return Statement(self.syntax.locked(same), ["rows"])

    @cached_property
    def save(self) -> Statement:
        """Write jobs that are locked."""
        rows, joined = self.syntax.given_jobs(SAVED)
        version = self.tables.jobs.c.version + ONE
        changes = {name: rows.c[name] for name in CHANGING}
        return Statement(JoinedUpdate(joined, {**changes, "version": version}), ["rows"])

    @cached_property
    def by_key(self) -> Statement:
        """Jobs by key."""
        return Statement(self._by_key(self.loaded), ["rows"])

    @cached_property
    def by_key_locked(self) -> Statement:
        """Jobs by key, locked in the order in which they are given."""
        return Statement(self.syntax.locked(self._by_key(self.loaded)), ["rows"])

    @cached_property
    def by_key_locked_bare(self) -> Statement:
        """The same jobs, without what may be large."""
        return Statement(self.syntax.locked(self._by_key(self.bare)), ["rows"])

    def _by_key(self, columns: Sequence[ColumnElement[Any]]) -> Query:
        _, joined = self.syntax.given_jobs()
        return select(*columns).select_from(joined)

    @cached_property
    def keys_by_ref(self) -> Statement:
        """The keys of jobs by queue and id."""
        return Statement(self._by_refs(self.tables.jobs.c.key), ["rows"])

    @cached_property
    def peek(self) -> Statement:
        """Jobs by queue and id."""
        return Statement(self._by_refs(*self.loaded), ["rows"])

    def _by_refs(self, *columns: ColumnElement[Any]) -> Query:
        jobs = self.tables.jobs
        rows = self.syntax.given({name: jobs.c[name.removeprefix("of_")] for name in REF})
        same = (jobs.c.id == rows.c.of_id) & (jobs.c.queue == rows.c.of_queue)
        joined = StraightJoin(rows, jobs, same, f"{self.tables.prefix}job_id")
        return select(*columns).select_from(joined)

    @cached_property
    def remove(self) -> Statement:
        """Delete jobs by key."""
        _, joined = self.syntax.given_jobs()
        return Statement(JoinedDelete(joined), ["rows"])

    @cached_property
    def remove_logs(self) -> Statement:
        """Delete the logs of jobs by key."""
        rows, logs = self.syntax.given({"of_key": self.tables.jobs.c.key}), self.tables.logs
        joined = StraightJoin(rows, logs, logs.c.job_key == rows.c.of_key)
        return Statement(JoinedDelete(joined), ["rows"])
