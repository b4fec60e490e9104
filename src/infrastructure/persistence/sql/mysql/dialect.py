"""How MariaDB and MySQL are spoken to: rows are locked by key, changed by key, read by key."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Text, func, literal, literal_column
from sqlalchemy.sql import ColumnElement

from .....core.domain.id_runs import IdRun
from .....core.domain.job.identity import JobRef
from .....core.ports.archive import Counters
from .....core.ports.lease_repository import Held
from ..dialect import ClaimValues, Ref, SqlDialect
from ..events.horizon import (
    NOTHING,
    Known,
    Watermark,
)
from ..events.passed_over import runs_between
from ..jobs.numbering import (
    events_of_others,
    numbered,
    taken_of,
)
from ..jobs.parts import saved_parts
from ..mapping import CHANGING, LOADED, NEW, Row
from ..questions import count_together, ids_around_gaps
from ..sql_connection import SqlConnection
from ..statement import Statement
from .horizon import AskWritten, MysqlHorizon, Sight
from .own_events import OwnEvents
from .schema import MysqlTables
from .sequences import Sequences, sequences_of
from .statements import MysqlStatements


class CountsWritten(SqlConnection):
    """A session of ours, whose driver does not count rows that were left as they are.

    Those of SQLAlchemy do, and so may any that a caller brings. `known` is what was known of
    the log of events before its snapshot was taken.
    """

    known: Known


LEAST_PACKET: Final = 1024 * 1024
"""What any server takes unless somebody has set it to less."""
WIDEST: Final = 8
"""Bytes that a character of a text takes at most in the JSON of a statement."""
_FEW: Final = 2
"""Rows that cost less one by one than as JSON."""
_QUEUE, _ID = (LOADED.index(name) for name in ("queue", "id"))
_KEY = NEW.index("key")
_CHANGES: Final = len(CHANGING)


def _plain(value: object) -> str:
    """Text of a type of its own (a job's id) as plain text."""
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError(type(value).__name__)


_encode: Final = msgspec.json.Encoder(enc_hook=_plain).encode


class MysqlDialect(SqlDialect):
    """Remembers up to which event the log is settled."""

    def __init__(self, tables: MysqlTables, written: AskWritten) -> None:
        self._statements = MysqlStatements(tables)
        self.sequences: Sequences = sequences_of(tables)
        self.own_events = OwnEvents()
        self.horizon = MysqlHorizon()
        self._written = written
        self.longest = LEAST_PACKET
        """How many bytes the server takes in one statement; each connection asks anew."""

    @property
    def tables(self) -> MysqlTables:
        return self._statements.tables

    @property
    def statements(self) -> MysqlStatements:
        return self._statements

    def draw(self, sql: SqlConnection, count: int) -> Sequence[int]:
        return self.sequences.draw(sql, count)

    def last_sequence(self, sql: SqlConnection) -> int:
        return self.sequences.last(sql)

    def raise_counters(self, sql: SqlConnection, counters: Counters) -> None:
        """A row with an id moves the counter of ids behind it, for good."""
        self.sequences.count_on(sql, counters.sequence)
        newest = int(sql.rows(self._statements.last_event)[0][0] or 0)
        if counters.event > newest:
            sql.write(self._statements.count_events_on, (counters.event,))
            sql.write(self._statements.drop_event, (counters.event,))

    def insert_jobs(
        self, sql: SqlConnection, rows: Sequence[Row], events: Sequence[Row], *, are_free: bool
    ) -> Collection[Ref]:
        """A unit in a caller's transaction is never run again."""
        new = numbered(rows, self.draw(sql, len(rows)))
        written = sql.write_many(self._statements.insert_job, new)
        if not isinstance(sql, CountsWritten):
            written = len(new) if are_free else self._count(sql, new)
        taken = taken_of(self, sql, new) if written < len(new) else ()
        events = events_of_others(events, taken) if taken else events
        if events:
            self.append_events(sql, events)
        return taken

    def _count(self, sql: SqlConnection, rows: Sequence[Row]) -> int:
        """How many of these jobs are there under their own keys."""
        keys = _keys([row[_KEY] for row in rows])
        return int(sql.rows(self._statements.count_jobs, (keys,))[0][0])

    def find(
        self, sql: SqlConnection, refs: Collection[JobRef], *, bare: bool = False
    ) -> Sequence[Row]:
        """Lock the jobs by their keys.

        A lock by queue and id takes the entry of that index first and the row
        then, where a DELETE by key comes the other way. A caller's transaction may see less
        than there is by now: for what it does not see, such a lock is asked for all the same.
        """
        keys = sorted(row[0] for row in sql.rows(self._statements.keys_by_ref, (_refs(refs),)))
        lock = self._statements.by_key_locked_bare if bare else self._statements.by_key_locked
        found = list(sql.rows(lock, (_keys(keys),))) if keys else []
        there = {(row[_QUEUE], row[_ID]) for row in found}
        missing = sorted({(ref.queue, ref.id) for ref in refs} - there)
        return [
            *found,
            *(row for ref in missing for row in sql.rows(self._statements.by_ref_locked, ref)),
        ]

    def peek(self, sql: SqlConnection, refs: Collection[JobRef]) -> Sequence[Row]:
        if len(refs) == 1:
            (ref,) = refs
            return sql.rows(self._statements.by_ref, (ref.queue, ref.id))
        return sql.rows(self._statements.peek, (_refs(refs),))

    def save(self, sql: SqlConnection, rows: Sequence[Row]) -> Collection[int]:
        """In parts that the server takes, in the order of the keys."""
        parts = saved_parts(sorted(rows, key=_key_of), self.longest // WIDEST)
        return {key for part in parts for key in self._save(sql, part)}

    def _save(self, sql: SqlConnection, ordered: Sequence[Row]) -> Collection[int]:
        if len(ordered) <= _FEW:
            save = self._statements.save_one
            return {_key_of(row) for row in ordered if sql.write(save, row) == 1}
        versions = [row[_CHANGES:] for row in ordered]
        locked = {row[0] for row in sql.rows(self._statements.lock_versions, (_json(versions),))}
        mine = [(*row[_CHANGES:], *row[:_CHANGES]) for row in ordered if _key_of(row) in locked]
        if mine:
            sql.write(self._statements.save, (_json(mine),))
        return locked

    def remove(self, sql: SqlConnection, keys: Collection[int]) -> int:
        rows = _keys(sorted(keys))
        sql.write(self._statements.remove_logs, (rows,))
        return sql.write(self._statements.remove, (rows,))

    def claimable(
        self, sql: SqlConnection, queues: Sequence[str], now: int, most: int
    ) -> list[str]:
        """Many in one statement."""
        if len(queues) <= _FEW:
            return super().claimable(sql, queues, now, most)
        rows = _json([(name,) for name in queues])
        return [row[0] for row in sql.rows(self._statements.claimable, (rows, now, most))]

    @property
    def counts(self) -> Statement | None:
        """An index holds queue and status of all jobs."""
        return count_together(self._statements)

    def claim(self, sql: SqlConnection, claim: ClaimValues) -> Sequence[Row]:
        first = sql.rows(self._statements.lock_claimable, (claim.queue, claim.now, claim.limit))
        if not first:
            return []
        keys = _keys([row[0] for row in first])
        values = (keys, claim.now, claim.token, claim.worker, claim.until, claim.length)
        sql.write(self._statements.claim, values)
        return sql.rows(self._statements.by_key, (keys,))

    def renew(
        self, sql: SqlConnection, held: Collection[Held], until: int
    ) -> Mapping[Held, int | None]:
        keys = _keys(sorted(hold.key for hold in held))
        locked = {
            Held(key, token): requested_at
            for key, token, requested_at in sql.rows(self._statements.lock_leases, (keys,))
        }
        renewed = {hold: locked[hold] for hold in held if hold in locked}
        if renewed:
            mine = _keys(sorted(hold.key for hold in renewed))
            sql.write(self._statements.renew, (mine, until))
        return renewed

    def record_progress(
        self, sql: SqlConnection, reports: Sequence[tuple[Held, str]]
    ) -> Collection[Held]:
        """What is as it was counts as nothing written."""
        written: set[Held] = set()
        for hold, text in sorted(dict(reports).items(), key=lambda report: report[0].key):
            count = sql.write(self._statements.save_progress, (text, hold.key, hold.token))
            if count or sql.rows(self._statements.held, (hold.key, hold.token)):
                written.add(hold)
        return written

    def append_events(self, sql: SqlConnection, rows: Sequence[Row]) -> None:
        """With VALUES, ids come in the order of the rows and without gaps."""
        sql.write_many(self._statements.append_event, rows)

    def watermark(self, sql: SqlConnection) -> Watermark | None:

        def ids_behind(after: int, most: int) -> Sequence[int]:
            return [row[0] for row in sql.rows(self._statements.next_event_ids, (after, most))]

        def older(seconds: float) -> int:
            rows = sql.rows(self._statements.old_event, (int(seconds * 1000),))
            return int(rows[0][0]) if rows else 0

        def missing(after: int, up_to: int) -> Sequence[IdRun]:
            return runs_between(sql.rows(around, (after, up_to)), after)

        around = ids_around_gaps(self._statements)

        newest = int(sql.rows(self._statements.last_event)[0][0] or 0)
        known = sql.known if isinstance(sql, CountsWritten) else NOTHING
        sight = Sight(newest, ids_behind, older, missing, self._written)
        return self.horizon.watermark(sight, known)

    def register_queues(self, sql: SqlConnection, names: Collection[str]) -> None:
        for name in sorted(names):
            sql.write(self._statements.register_queue, (name,))

    def save_queue(self, sql: SqlConnection, row: Row) -> None:
        sql.write(self._statements.save_queue, row)

    def contains(self, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        return func.instr(column, literal(text, Text())) > literal_column("0")


def _json(rows: Sequence[Row]) -> str:
    """Rows as a list of lists."""
    return _encode(rows).decode()


def _keys(keys: Sequence[int]) -> str:
    """Keys as rows of one value."""
    return _encode([(key,) for key in keys]).decode()


def _refs(refs: Collection[JobRef]) -> str:
    return _encode([(ref.queue, ref.id) for ref in refs]).decode()


def _key_of(row: Row) -> int:
    """The key of a row of `CHANGING` values, key and version."""
    return int(row[_CHANGES])
