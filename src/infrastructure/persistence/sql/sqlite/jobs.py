"""Jobs on SQLite: row by row, since a call costs microseconds and nobody else writes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, delete

from .....core.domain.job.identity import JobRef
from ....cached_property import cached_property
from ..jobs.columns import NEW
from ..jobs.dialect import JobDialect, Ref
from ..jobs.numbering import events_of_others, numbered, taken_of
from ..jobs.statements import JobStatements
from ..sequences import Sequences
from ..sql_connection import SqlConnection
from ..statement import Row, Statement
from .events import SqliteEvents
from .syntax import inserting


class SqliteJobStatements(JobStatements):
    """One row a statement, or a hundred in an insert: nothing is far away here."""

    @cached_property
    def insert(self) -> Statement:
        """Write a job unless its id is taken."""
        return inserting(self.tables.jobs, NEW, on_taken=["id", "queue"])

    @cached_property
    def delete_job(self) -> Statement:
        """Remove a job."""
        jobs = self.tables.jobs
        return Statement(delete(jobs).where(jobs.c.key == bindparam("of_key")), ["of_key"])

    @cached_property
    def delete_logs(self) -> Statement:
        """Remove a job's log."""
        logs = self.tables.logs
        return Statement(delete(logs).where(logs.c.job_key == bindparam("of_key")), ["of_key"])


class SqliteJobs(JobDialect):
    """SQLite's way with many jobs."""

    def __init__(
        self, statements: SqliteJobStatements, sequences: Sequences, events: SqliteEvents
    ) -> None:
        self.statements = statements
        self.sequences = sequences
        self.events = events

    def insert(
        self, sql: SqlConnection, rows: Sequence[Row], events: Sequence[Row], *, are_free: bool
    ) -> Collection[Ref]:
        new = numbered(rows, self.sequences.draw(sql, len(rows)))
        if len(new) == 1:
            written = sql.write(self.statements.insert, new[0])
        else:
            written = sql.write_many(self.statements.insert, new)
        taken = taken_of(self, sql, new) if written < len(new) else ()
        events = events_of_others(events, taken) if taken else events
        if events:
            self.events.append(sql, events)
        return taken

    def find(
        self, sql: SqlConnection, refs: Collection[JobRef], *, bare: bool = False
    ) -> Sequence[Row]:
        """A transaction that writes has locked the whole file."""
        by_ref = self.statements.by_ref_bare if bare else self.statements.by_ref
        return [row for ref in refs for row in sql.rows(by_ref, (ref.queue, ref.id))]

    def peek(self, sql: SqlConnection, refs: Collection[JobRef]) -> Sequence[Row]:
        return self.find(sql, refs)

    def save(self, sql: SqlConnection, rows: Sequence[Row]) -> Collection[int]:
        save = self.statements.save_one
        return {row[-2] for row in rows if sql.write(save, row) == 1}

    def remove(self, sql: SqlConnection, keys: Collection[int]) -> int:
        each = [(key,) for key in keys]
        sql.write_many(self.statements.delete_logs, each)
        return sql.write_many(self.statements.delete_job, each)
