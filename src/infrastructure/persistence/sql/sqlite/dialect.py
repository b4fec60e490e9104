"""How SQLite is spoken to: row by row, since a call costs microseconds and nobody else writes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import func, literal_column
from sqlalchemy.sql import ColumnElement

from .....core.domain.job.identity import JobRef
from .....core.ports.archive import Counters
from .....core.ports.lease_repository import Held
from ..dialect import ClaimValues, Ref, SqlDialect
from ..events.horizon import Watermark
from ..jobs.numbering import (
    events_of_others,
    numbered,
    taken_of,
)
from ..mapping import Row
from ..sql_connection import SqlConnection
from .schema import TABLES, SqliteTables
from .statements import SqliteStatements


class SqliteDialect(SqlDialect):
    """SQLite's spelling of the operations."""

    def __init__(self) -> None:
        self._statements = SqliteStatements(TABLES)

    @property
    def tables(self) -> SqliteTables:
        return TABLES

    @property
    def statements(self) -> SqliteStatements:
        return self._statements

    def draw(self, sql: SqlConnection, count: int) -> Sequence[int]:
        last = int(sql.rows(self._statements.draw, (count,))[0][0])
        return range(last - count + 1, last + 1)

    def last_sequence(self, sql: SqlConnection) -> int:
        return int(sql.rows(self._statements.last_sequence)[0][0])

    def raise_counters(self, sql: SqlConnection, counters: Counters) -> None:
        """The next event id is one above the highest by itself."""
        sql.write(self._statements.count_on, (counters.sequence,))

    def insert_jobs(
        self, sql: SqlConnection, rows: Sequence[Row], events: Sequence[Row], *, are_free: bool
    ) -> Collection[Ref]:
        new = numbered(rows, self.draw(sql, len(rows)))
        if len(new) == 1:
            written = sql.write(self._statements.insert_jobs, new[0])
        else:
            written = sql.write_many(self._statements.insert_jobs, new)
        taken = taken_of(self, sql, new) if written < len(new) else ()
        events = events_of_others(events, taken) if taken else events
        if events:
            sql.write_many(self._statements.append_events, events)
        return taken

    def find(
        self, sql: SqlConnection, refs: Collection[JobRef], *, bare: bool = False
    ) -> Sequence[Row]:
        """A transaction that writes has locked the whole file."""
        by_ref = self._statements.by_ref_bare if bare else self._statements.by_ref
        return [row for ref in refs for row in sql.rows(by_ref, (ref.queue, ref.id))]

    def peek(self, sql: SqlConnection, refs: Collection[JobRef]) -> Sequence[Row]:
        return self.find(sql, refs)

    def save(self, sql: SqlConnection, rows: Sequence[Row]) -> Collection[int]:
        save = self._statements.save_one
        return {row[-2] for row in rows if sql.write(save, row) == 1}

    def remove(self, sql: SqlConnection, keys: Collection[int]) -> int:
        each = [(key,) for key in keys]
        sql.write_many(self._statements.delete_logs, each)
        return sql.write_many(self._statements.delete_job, each)

    def claim(self, sql: SqlConnection, claim: ClaimValues) -> Sequence[Row]:
        who = (claim.token, claim.worker)
        until = (claim.now, claim.until, claim.length)
        values = (claim.queue, claim.limit, *who, *until)
        return sql.rows(self._statements.claim, values)

    def renew(
        self, sql: SqlConnection, held: Collection[Held], until: int
    ) -> Mapping[Held, int | None]:
        renew = self._statements.renew
        return {
            hold: row[0] for hold in held for row in sql.rows(renew, (until, hold.key, hold.token))
        }

    def record_progress(
        self, sql: SqlConnection, reports: Sequence[tuple[Held, str]]
    ) -> Collection[Held]:
        save = self._statements.save_progress
        return {
            hold for hold, text in reports if sql.write(save, (text, hold.key, hold.token)) == 1
        }

    def append_events(self, sql: SqlConnection, rows: Sequence[Row]) -> None:
        sql.write_many(self._statements.append_events, rows)

    def watermark(self, sql: SqlConnection) -> Watermark | None:
        """One writer at a time: ids come in the order of the commits."""
        return None

    def register_queues(self, sql: SqlConnection, names: Collection[str]) -> None:
        for name in sorted(names):
            sql.write(self._statements.register_queue, (name,))

    def save_queue(self, sql: SqlConnection, row: Row) -> None:
        sql.write(self._statements.save_queue, row)

    def contains(self, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        return func.instr(column, text) > literal_column("0")


SQLITE: Final = SqliteDialect()
"""The one grammar of all SQLite sessions; its statements are compiled once."""
