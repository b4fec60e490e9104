"""Jobs on PostgreSQL: one statement for any number of rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from .....core.domain.job.identity import JobRef
from ..events.rows import EVENT
from ..jobs.columns import NEW
from ..jobs.dialect import JobDialect, Ref
from ..jobs.numbering import events_of, refs_of
from ..jobs.parts import new_parts, saved_parts
from ..jobs.statements import REF
from ..sql_connection import SqlConnection
from ..statement import Parameters, Row, Statement
from .events import PostgresqlEventStatements
from .job_statements import KEY, SAVED, TOLD, PostgresqlJobStatements
from .writes_late import WritesLate, rows_in_order

MOST_CHARACTERS: Final = 32 * 1024 * 1024
"""Characters of the long texts in one statement: a message has at most a gigabyte."""
_OWN: Final = [EVENT.index(name) for name in TOLD]


class PostgresqlJobs(JobDialect):
    """PostgreSQL's way with many jobs."""

    def __init__(
        self, statements: PostgresqlJobStatements, events: PostgresqlEventStatements
    ) -> None:
        self.statements = statements
        self.events = events

    def insert(
        self, sql: SqlConnection, rows: Sequence[Row], events: Sequence[Row], *, are_free: bool
    ) -> Collection[Ref]:
        missing: set[Ref] = set()
        for part in new_parts(rows, MOST_CHARACTERS):
            births = events if len(part) == len(rows) else events_of(events, part)
            if are_free and isinstance(sql, WritesLate):
                sql.insert_late(part, births)
            else:
                statement, values = self._asking(part, births)
                written = {(queue, id_) for queue, id_ in sql.rows(statement, values)}
                missing |= set(refs_of(part)) - written
        return missing

    def _asking(self, rows: Sequence[Row], events: Sequence[Row]) -> tuple[Statement, Parameters]:
        if len(rows) == len(events) == 1:
            return self.alone(rows[0], events[0])
        return self.statements.insert_jobs, (self._text(NEW, rows), self.events.text(events))

    def alone(self, row: Row, event: Row) -> tuple[Statement, Parameters]:
        """The statement that writes one job and its one event, or neither; its parameters."""
        return self.statements.insert_job, (*row[1:], *_event_values(event))

    def all_or_none(
        self, rows: Sequence[Row], events: Sequence[Row]
    ) -> tuple[Statement, Parameters]:
        """The statement that writes new jobs and events, and fails where one is not written."""
        values = (self._text(NEW, rows), self.events.text(events), len(rows))
        return self.statements.insert_all_jobs, values

    def find(
        self, sql: SqlConnection, refs: Collection[JobRef], *, bare: bool = False
    ) -> Sequence[Row]:
        if bare:
            return sql.rows(self.statements.find_bare, (self._refs(refs),))
        if len(refs) == 1:
            (ref,) = refs
            return sql.rows(self.statements.by_ref_locked, (ref.queue, ref.id))
        return sql.rows(self.statements.find, (self._refs(refs),))

    def peek(self, sql: SqlConnection, refs: Collection[JobRef]) -> Sequence[Row]:
        if len(refs) == 1:
            (ref,) = refs
            return sql.rows(self.statements.by_ref, (ref.queue, ref.id))
        return sql.rows(self.statements.peek, (self._refs(refs),))

    def save(self, sql: SqlConnection, rows: Sequence[Row]) -> Collection[int]:
        """In the order of the keys, which is that of the locks."""
        parts = saved_parts(sorted(rows, key=_key), MOST_CHARACTERS)
        return {key for part in parts for key in self._save(sql, part)}

    def _save(self, sql: SqlConnection, ordered: Sequence[Row]) -> Collection[int]:
        if len(ordered) == 1:
            return {_key(row) for row in ordered if sql.write(self.statements.save_one, row) == 1}
        saved = rows_in_order(sql, self.statements.save, self._text(SAVED, ordered))
        return {row[0] for row in saved}

    def remove(self, sql: SqlConnection, keys: Collection[int]) -> int:
        rows = (self._text(KEY, [(key,) for key in sorted(keys)]),)
        sql.write(self.statements.remove_logs, rows)
        return sql.write(self.statements.remove, rows)

    def _refs(self, refs: Collection[JobRef]) -> str:
        return self._text(REF, [(ref.queue, ref.id) for ref in refs])

    def _text(self, names: Sequence[str], rows: Sequence[Row]) -> str:
        return self.statements.syntax.rows_text(names, rows)


def _event_values(event: Row) -> Row:
    """What an event says that its job does not."""
    return [event[place] for place in _OWN]


def _key(row: Row) -> int:
    return int(row[-2])
