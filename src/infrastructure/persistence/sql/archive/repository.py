"""Everything in the tables, as values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import attrs
import msgspec
from sqlalchemy import Table, delete, func, select, update

from .....core.domain.events import Event
from .....core.ports.archive import Archive, ArchivedJob, Contents, CopyState, Counters
from .....core.ports.job_logs import LogLine
from ..claims import kept_leases
from ..events.rows import EVENT, event_from_row, event_values
from ..jobs.columns import LOADED
from ..jobs.damaged_rows import sound_job
from ..jobs.rows import UNREADABLE, UnreadableRow, archived_values
from ..logs.table import LOG
from ..schema import Tables
from ..sql_connection import SqlConnection
from ..times import moment, ms
from .bulk_insert import insert_rows

STATE: Final = "copy_state"
"""The row of the meta table that tells how far a copy has come."""

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(CopyState).decode


@attrs.frozen(eq=False)
class SqlArchive(Archive):
    """The tables in pages by key, and inserts of many rows in a statement."""

    sql: SqlConnection

    @property
    def _tables(self) -> Tables:
        return self.sql.dialect.tables

    def store_id(self) -> str:
        return str(self.sql.rows(self.sql.dialect.statements.meta.store_id)[0][0])

    def counters(self) -> Counters:
        """Settled or not: an event that is in sight counts."""
        dialect = self.sql.dialect
        return Counters(dialect.sequences.last(self.sql), dialect.events.last(self.sql))

    def contents(self) -> Contents:
        tables = self._tables
        queues = self.sql.rows(self.sql.dialect.statements.queues.list_all)
        return Contents(self._count(tables.jobs), self._count(tables.events), len(queues))

    def jobs(self, after: int, limit: int) -> list[ArchivedJob]:
        job = self._tables.jobs.c
        page = select(*(job[name] for name in LOADED)).where(job.key > after)
        rows = self.sql.select(page.order_by(job.key).limit(limit))
        if not rows:
            return []
        logs = self._logs(rows[0][0], rows[-1][0])
        return [ArchivedJob(sound_job(row), tuple(logs.get(row[0], ()))) for row in rows]

    def events(self, after: int, limit: int) -> list[Event]:
        event = self._tables.events.c
        page = select(event.id, *(event[name] for name in EVENT)).where(event.id > after)
        rows = self.sql.select(page.order_by(event.id).limit(limit))
        try:
            return [event_from_row(row) for row in rows]
        except UNREADABLE as error:
            raise UnreadableRow(f"an event behind {after}: {error}") from error

    def insert_jobs(self, jobs: Sequence[ArchivedJob]) -> None:
        rows = [archived_values(archived.job) for archived in jobs]
        insert_rows(self.sql, self._tables.jobs, LOADED, rows)
        lines = [
            (archived.job.key, line.number, ms(line.at), line.text)
            for archived in jobs
            for line in archived.lines
        ]
        insert_rows(self.sql, self._tables.logs, LOG, lines)

    def insert_events(self, events: Sequence[Event]) -> None:
        rows = [(event.id, *event_values(event, ms(event.at))) for event in events]
        insert_rows(self.sql, self._tables.events, ("id", *EVENT), rows)

    def raise_counters(self, counters: Counters) -> None:
        """Sequences belong to no transaction on some engines: there this stays if it rolls back."""
        self.sql.dialect.sequences.count_on(self.sql, counters.sequence)
        self.sql.dialect.events.count_on(self.sql, counters.event)

    def clear(self) -> None:
        tables = self._tables
        for table in (tables.logs, tables.jobs, tables.events, tables.queues):
            self.sql.execute(delete(table))
        kept_leases.forget(self.sql)

    def copy_state(self) -> CopyState | None:
        meta = self._tables.meta.c
        rows = self.sql.select(select(meta.value).where(meta.name == STATE))
        return _decode(rows[0][0]) if rows else None

    def save_copy_state(self, before: CopyState | None, after: CopyState) -> bool:
        meta, text = self._tables.meta, _text(after)
        if before is None:
            insert_new = self.sql.dialect.statements.meta.insert_new
            return self.sql.write(insert_new, (STATE, text)) == 1
        mine = (meta.c.name == STATE) & (meta.c.value == _text(before))
        return self.sql.execute(update(meta).where(mine).values(value=text)) == 1

    def _logs(self, first: int, last: int) -> dict[int, list[LogLine]]:
        """The log lines of the jobs with these keys and those between."""
        log = self._tables.logs.c
        page = select(*(log[name] for name in LOG)).where(log.job_key.between(first, last))
        lines: defaultdict[int, list[LogLine]] = defaultdict(list)
        for key, number, at, text in self.sql.select(page.order_by(log.job_key, log.number)):
            lines[key].append(LogLine(number, moment(at), text))
        return lines

    def _count(self, table: Table) -> int:
        return int(self.sql.select(select(func.count()).select_from(table))[0][0])


def _text(state: CopyState) -> str:
    return _encode(state).decode()
