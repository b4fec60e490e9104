"""How PostgreSQL writes new jobs, and what its other statements are made of, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, Integer, bindparam, case, cast, column, func, literal_column, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.selectable import CTE, Subquery, TableValuedAlias

from ....cached_property import cached_property
from .. import mapping
from ..conditions import Query
from ..statement import Statement
from .event_statements import PostgresqlEventStatements, records
from .schema import PostgresqlTables

TOLD: Final = ("at", "type", "data")
"""What an event of a new job says that the job does not."""
NOT_ALL: Final = "errands: not all jobs were written"
"""What the database says when a trigger has skipped one, or a commit was sent twice."""


class PostgresqlInsertStatements(PostgresqlEventStatements):
    """Rows come as the JSON text `rows`: a list of objects; what an object leaves out is NULL."""

    tables: PostgresqlTables

    def __init__(self, tables: PostgresqlTables) -> None:
        super().__init__(tables)
        job = tables.jobs.c
        self._types: dict[str, Column[Any]] = {
            **{name: job[name] for name in mapping.LOADED},
            "of_key": job.key,
            "of_version": job.version,
            "of_token": job.token,
            "of_queue": job.queue,
            "of_id": job.id,
        }

    def given(self, names: Sequence[str]) -> TableValuedAlias:
        """The rows of the parameter `rows`."""
        columns = [column(name, self._types[name].type) for name in names]
        return records(columns)

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
        events, told = self.tables.events, self.event_rows("events")
        rows = self.given(mapping.NEW)
        drawn = select(self._drawn, *(rows.c[name] for name in mapping.NEW)).subquery("drawn")
        written = self._insert(drawn, {name: drawn.c[name] for name in mapping.NEW})
        of_written: Query = select(*(told.c[name] for name in mapping.EVENT)).where(
            told.c.queue == written.c.queue, told.c.job_id == written.c.id
        )
        ordered = of_written.order_by(told.c.place)
        telling = events.insert().from_select(list(mapping.EVENT), ordered).cte("telling")
        return written, telling

    @cached_property
    def insert_job(self) -> Statement:
        """Number a job, write it unless its id is taken, and its one event; queue and id."""
        events, names = self.tables.events, [name for name in mapping.NEW if name != "key"]
        values = {name: bindparam(name, type_=self._types[name].type) for name in names}
        written = self._insert(select(self._drawn).subquery("drawn"), values)
        told = {name: bindparam("told_" + name, type_=events.c[name].type) for name in TOLD}
        event = {**told, "queue": written.c.queue, "job_id": written.c.id}
        telling = events.insert().from_select(
            list(mapping.EVENT), select(*(event[name] for name in mapping.EVENT))
        )
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
