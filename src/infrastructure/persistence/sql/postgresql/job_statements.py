"""The statements about jobs as PostgreSQL needs them: any number of rows in one JSON parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Integer, bindparam, case, cast, delete, func, literal_column, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.selectable import CTE, Subquery, TableValuedAlias

from ....cached_property import cached_property
from ..events.rows import EVENT
from ..jobs.columns import CHANGING, NEW
from ..jobs.statements import REF, JobStatements
from ..statement import Query, Statement
from ..syntax import ONE
from .events import PostgresqlEventStatements
from .schema import PostgresqlTables
from .syntax import PostgresqlSyntax

SAVED: Final = (*CHANGING, "of_key", "of_version")
KEY: Final = ("of_key",)
TOLD: Final = ("at", "type", "data")
"""What an event of a new job says that the job does not."""
NOT_ALL: Final = "errands: not all jobs were written"
"""What the database says when a trigger has skipped one, or a commit was sent twice."""


class PostgresqlJobStatements(JobStatements):
    """Rows come as the JSON text `rows`: a list of objects; what an object leaves out is NULL."""

    syntax: PostgresqlSyntax
    tables: PostgresqlTables

    def __init__(self, syntax: PostgresqlSyntax, events: PostgresqlEventStatements) -> None:
        super().__init__(syntax)
        self._events = events

    def _given(self, names: Sequence[str]) -> TableValuedAlias:
        job = self.tables.jobs.c
        return self.syntax.given({name: job[name.removeprefix("of_")] for name in names})

    @cached_property
    def insert_jobs(self) -> Statement:
        """Number jobs and write them, but for those whose id is taken, and their events.

        Queue and id of those written.
        """
        written, telling = self._jobs_and_events()
        refs = select(written.c.queue, written.c.id).add_cte(telling)
        return Statement(refs, ["rows", "events"])

    @cached_property
    def insert_all_jobs(self) -> Statement:
        """The same; an error of the database, with `NOT_ALL`, where there are not `count`.

        It has to be one of the statement's own: what is sent behind it is to fail with it.
        """
        written, telling = self._jobs_and_events()
        count: ColumnElement[Any] = func.count()
        otherwise: ColumnElement[str] = literal_column(f"'{NOT_ALL}'")
        said = case((count == bindparam("count"), "1"), else_=otherwise)
        number: Query = select(cast(said, Integer())).select_from(written).add_cte(telling)
        return Statement(number, ["rows", "events", "count"])

    def _jobs_and_events(self) -> tuple[CTE, CTE]:
        events, told = self.tables.events, self._events.given("events")
        rows = self._given(NEW)
        drawn = select(self._drawn, *(rows.c[name] for name in NEW)).subquery("drawn")
        written = self._insert(drawn, {name: drawn.c[name] for name in NEW})
        of_written: Query = select(*(told.c[name] for name in EVENT)).where(
            told.c.queue == written.c.queue, told.c.job_id == written.c.id
        )
        ordered = of_written.order_by(told.c.place)
        telling = events.insert().from_select(list(EVENT), ordered).cte("telling")
        return written, telling

    @cached_property
    def insert_job(self) -> Statement:
        """Number a job, write it unless its id is taken, and its one event; queue and id."""
        job, events = self.tables.jobs.c, self.tables.events
        names = [name for name in NEW if name != "key"]
        values = {name: bindparam(name, type_=job[name].type) for name in names}
        written = self._insert(select(self._drawn).subquery("drawn"), values)
        told = {name: bindparam("told_" + name, type_=events.c[name].type) for name in TOLD}
        event = {**told, "queue": written.c.queue, "job_id": written.c.id}
        telling = events.insert().from_select(list(EVENT), select(*(event[name] for name in EVENT)))
        refs = telling.returning(events.c.queue, events.c.job_id)
        return Statement(refs, [*names, *("told_" + name for name in TOLD)])

    @property
    def _drawn(self) -> ColumnElement[int]:
        """A number: a query with one is not taken apart, so that key and sequence have the same."""
        return self.tables.sequence.next_value().label("number")

    def _insert(self, drawn: Subquery, values: Mapping[str, ColumnElement[Any]]) -> CTE:
        """Write jobs with the numbers drawn, unless their ids are taken; queue and id."""
        jobs, number = self.tables.jobs, drawn.c.number
        new = {**values, "key": number, "sequence": number * values["sequence"]}
        insert = postgresql.insert(jobs).from_select(
            list(new), select(*new.values()).select_from(drawn)
        )
        free = insert.on_conflict_do_nothing(index_elements=["id", "queue"])
        return free.returning(jobs.c.queue, jobs.c.id).cte("written")

    @cached_property
    def save(self) -> Statement:
        """Write the jobs whose version is still the one that was decided on; their keys."""
        jobs, rows = self.tables.jobs, self._given(SAVED)
        saved = (
            update(jobs)
            .where(jobs.c.key == rows.c.of_key, jobs.c.version == rows.c.of_version)
            .values(version=jobs.c.version + ONE, **{name: rows.c[name] for name in CHANGING})
            .returning(jobs.c.key)
        )
        return Statement(saved, ["rows"])

    @cached_property
    def find(self) -> Statement:
        """Jobs by queue and id, locked in the order of their keys."""
        return self._find(self.loaded)

    @cached_property
    def find_bare(self) -> Statement:
        """The same jobs, without what may be large."""
        return self._find(self.bare)

    def _find(self, columns: Sequence[ColumnElement[Any]]) -> Statement:
        found = self._by_refs(columns).order_by(self.tables.jobs.c.key)
        return Statement(self.syntax.locked(found, of=self.tables.jobs), ["rows"])

    @cached_property
    def peek(self) -> Statement:
        """Jobs by queue and id, not locked."""
        return Statement(self._by_refs(self.loaded), ["rows"])

    def _by_refs(self, columns: Sequence[ColumnElement[Any]]) -> Query:
        job, rows = self.tables.jobs.c, self._given(REF)
        return select(*columns).where(job.queue == rows.c.of_queue, job.id == rows.c.of_id)

    @cached_property
    def remove(self) -> Statement:
        """Delete jobs by key."""
        jobs = self.tables.jobs
        return Statement(delete(jobs).where(jobs.c.key.in_(self._keys)), ["rows"])

    @cached_property
    def remove_logs(self) -> Statement:
        """Delete the logs of jobs by key."""
        logs = self.tables.logs
        return Statement(delete(logs).where(logs.c.job_key.in_(self._keys)), ["rows"])

    @property
    def _keys(self) -> Query:
        return select(self._given(KEY).c.of_key)
