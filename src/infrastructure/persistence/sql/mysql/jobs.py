"""Jobs on MariaDB and MySQL: rows are locked by key, changed by key, read by key."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from .....core.domain.job.identity import JobRef
from ..jobs.columns import CHANGING, LOADED, NEW
from ..jobs.dialect import JobDialect, Ref
from ..jobs.numbering import events_of_others, numbered, taken_of
from ..jobs.parts import saved_parts
from ..jobs.statements import REF
from ..sequences import Sequences
from ..sql_connection import SqlConnection
from ..statement import Row, Statement
from .counts_written import CountsWritten
from .events import MysqlEvents
from .job_statements import SAVED, VERSIONED, MysqlJobStatements
from .packet import Packet
from .syntax import keys_text

WIDEST: Final = 8
"""Bytes that a character of a text takes at most in the JSON of a statement."""
_FEW: Final = 2
"""Rows that cost less one by one than as JSON."""
_QUEUE, _ID = (LOADED.index(name) for name in ("queue", "id"))
_KEY = NEW.index("key")
_CHANGES: Final = len(CHANGING)


class MysqlJobs(JobDialect):
    """What MariaDB and MySQL do with many jobs."""

    def __init__(
        self,
        statements: MysqlJobStatements,
        sequences: Sequences,
        events: MysqlEvents,
        packet: Packet,
    ) -> None:
        self.statements = statements
        self.sequences = sequences
        self.events = events
        self.packet = packet

    def insert(
        self, sql: SqlConnection, rows: Sequence[Row], events: Sequence[Row], *, are_free: bool
    ) -> Collection[Ref]:
        """A unit in a caller's transaction is never run again."""
        new = numbered(rows, self.sequences.draw(sql, len(rows)))
        written = sql.write_many(self.statements.insert_job, new)
        if not isinstance(sql, CountsWritten):
            written = len(new) if are_free else self._count(sql, new)
        taken = taken_of(self, sql, new) if written < len(new) else ()
        events = events_of_others(events, taken) if taken else events
        if events:
            self.events.append(sql, events)
        return taken

    def _count(self, sql: SqlConnection, rows: Sequence[Row]) -> int:
        """How many of these jobs are there under their own keys."""
        keys = keys_text([row[_KEY] for row in rows])
        return int(sql.rows(self.statements.count_jobs, (keys,))[0][0])

    def find(
        self, sql: SqlConnection, refs: Collection[JobRef], *, bare: bool = False
    ) -> Sequence[Row]:
        """Lock the jobs by their keys.

        A lock by queue and id takes the entry of that index first and the row
        then, where a DELETE by key comes the other way. A caller's transaction may see less
        than there is by now: for what it does not see, such a lock is asked for all the same.
        """
        keys = sorted(row[0] for row in sql.rows(self.statements.keys_by_ref, (self._refs(refs),)))
        lock = self.statements.by_key_locked_bare if bare else self.statements.by_key_locked
        found = list(sql.rows(lock, (keys_text(keys),))) if keys else []
        there = {(row[_QUEUE], row[_ID]) for row in found}
        missing = sorted({(ref.queue, ref.id) for ref in refs} - there)
        return [
            *found,
            *(row for ref in missing for row in sql.rows(self.statements.by_ref_locked, ref)),
        ]

    def peek(self, sql: SqlConnection, refs: Collection[JobRef]) -> Sequence[Row]:
        if len(refs) == 1:
            (ref,) = refs
            return sql.rows(self.statements.by_ref, (ref.queue, ref.id))
        return sql.rows(self.statements.peek, (self._refs(refs),))

    def save(self, sql: SqlConnection, rows: Sequence[Row]) -> Collection[int]:
        """In parts that the server takes, in the order of the keys."""
        parts = saved_parts(sorted(rows, key=_key_of), self.packet.longest // WIDEST)
        return {key for part in parts for key in self._save(sql, part)}

    def _save(self, sql: SqlConnection, ordered: Sequence[Row]) -> Collection[int]:
        if len(ordered) <= _FEW:
            save = self.statements.save_one
            return {_key_of(row) for row in ordered if sql.write(save, row) == 1}
        versions = self._text(VERSIONED, [row[_CHANGES:] for row in ordered])
        locked = {row[0] for row in sql.rows(self.statements.lock_versions, (versions,))}
        mine = [(*row[_CHANGES:], *row[:_CHANGES]) for row in ordered if _key_of(row) in locked]
        if mine:
            sql.write(self.statements.save, (self._text(SAVED, mine),))
        return locked

    def remove(self, sql: SqlConnection, keys: Collection[int]) -> int:
        rows = keys_text(sorted(keys))
        sql.write(self.statements.remove_logs, (rows,))
        return sql.write(self.statements.remove, (rows,))

    @property
    def counts(self) -> Statement | None:
        """An index holds queue and status of all jobs."""
        return self.statements.count_together

    def _refs(self, refs: Collection[JobRef]) -> str:
        return self._text(REF, [(ref.queue, ref.id) for ref in refs])

    def _text(self, names: Sequence[str], rows: Sequence[Row]) -> str:
        return self.statements.syntax.rows_text(names, rows)


def _key_of(row: Row) -> int:
    """The key of a row of `CHANGING` values, key and version."""
    return int(row[_CHANGES])
