"""How PostgreSQL is spoken to: one statement for any number of rows."""

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
    Horizon,
    Known,
    LogSnapshot,
    Watermark,
)
from ..events.passed_over import runs_between
from ..jobs.numbering import events_of, refs_of
from ..jobs.parts import (
    new_parts,
    reported_parts,
    saved_parts,
)
from ..mapping import EVENT, NEW, Row
from ..questions import ids_around_gaps
from ..sql_connection import SqlConnection
from ..statement import Parameters, Statement
from .insert_statements import TOLD
from .schema import PostgresqlTables
from .statements import HELD, REF, REPORT, SAVED, PostgresqlStatements

MOST_CHARACTERS: Final = 32 * 1024 * 1024
"""Characters of the long texts in one statement: a message has at most a gigabyte."""
FEW_QUEUES: Final = 3
"""Queues that cost less one by one than as JSON."""


def _plain(value: object) -> str:
    """Text of a type of its own (a job's id) as plain text."""
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError(type(value).__name__)


_encode: Final = msgspec.json.Encoder(enc_hook=_plain).encode


_OWN: Final = [EVENT.index(name) for name in TOLD]
FEW_EVENTS: Final = 4
"""Events that the server reads sooner one by one than as JSON."""


class WritesLate(SqlConnection):
    """A session with a commit of its own, which takes along what need not be known before.

    `known` is what was known of the log of events before its snapshot was taken.
    """

    known: Known

    def rows_outside(self, statement: Statement, parameters: Parameters) -> Sequence[Row]:
        """Rows of a statement that no transaction holds or undoes."""
        raise NotImplementedError

    def rows_in_order(self, statement: Statement, parameters: Parameters) -> Sequence[Row]:
        """Rows of a change of many jobs, which locks them in the order in which they are given."""
        raise NotImplementedError

    def insert_late(self, jobs: Sequence[Row], births: Sequence[Row]) -> None:
        """Write new jobs, whose ids are surely free, and their events with what comes next."""
        raise NotImplementedError

    def append_late(self, events: Sequence[Row]) -> None:
        """Write events with the commit, or before events are read."""
        raise NotImplementedError


class PostgresqlDialect(SqlDialect):
    """Remembers up to which event the log is settled."""

    def __init__(self, tables: PostgresqlTables) -> None:
        self._statements = PostgresqlStatements(tables)
        self.horizon = Horizon()

    @property
    def tables(self) -> PostgresqlTables:
        return self._statements.tables

    @property
    def statements(self) -> PostgresqlStatements:
        return self._statements

    def draw(self, sql: SqlConnection, count: int) -> Sequence[int]:
        """A sequence belongs to no transaction."""
        ask = sql.rows_outside if isinstance(sql, WritesLate) else sql.rows
        return sorted(row[0] for row in ask(self._statements.draw, (count,)))

    def last_sequence(self, sql: SqlConnection) -> int:
        return int(sql.rows(self._statements.last_sequence)[0][0])

    def raise_counters(self, sql: SqlConnection, counters: Counters) -> None:
        """Sequences belong to no transaction: this stays if it rolls back."""
        sql.rows(self._statements.count_sequence_on, (counters.sequence,))
        sql.rows(self._statements.count_events_on, (counters.event,))

    def insert_jobs(
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
        return self._statements.insert_jobs, (_json(NEW, rows), _events(events))

    def alone(self, row: Row, event: Row) -> tuple[Statement, Parameters]:
        """The statement that writes one job and its one event, or neither; its parameters."""
        return self._statements.insert_job, (*row[1:], *_event_values(event))

    def all_or_none(
        self, rows: Sequence[Row], events: Sequence[Row]
    ) -> tuple[Statement, Parameters]:
        """The statement that writes new jobs and events, and fails where one is not written."""
        return self._statements.insert_all_jobs, (_json(NEW, rows), _events(events), len(rows))

    def telling(self, rows: Sequence[Row]) -> list[tuple[Statement, Parameters]]:
        """Statements that write events, with their parameters; for one message."""
        if len(rows) <= FEW_EVENTS:
            return [(self._statements.append_event, row) for row in rows]
        return [(self._statements.append_events, (_events(rows),))]

    def find(
        self, sql: SqlConnection, refs: Collection[JobRef], *, bare: bool = False
    ) -> Sequence[Row]:
        if bare:
            return sql.rows(self._statements.find_bare, (_refs(refs),))
        if len(refs) == 1:
            (ref,) = refs
            return sql.rows(self._statements.by_ref_locked, (ref.queue, ref.id))
        return sql.rows(self._statements.find, (_refs(refs),))

    def peek(self, sql: SqlConnection, refs: Collection[JobRef]) -> Sequence[Row]:
        if len(refs) == 1:
            (ref,) = refs
            return sql.rows(self._statements.by_ref, (ref.queue, ref.id))
        return sql.rows(self._statements.peek, (_refs(refs),))

    def save(self, sql: SqlConnection, rows: Sequence[Row]) -> Collection[int]:
        """In the order of the keys, which is that of the locks."""
        parts = saved_parts(sorted(rows, key=_key), MOST_CHARACTERS)
        return {key for part in parts for key in self._save(sql, part)}

    def _save(self, sql: SqlConnection, ordered: Sequence[Row]) -> Collection[int]:
        if len(ordered) == 1:
            return {_key(row) for row in ordered if sql.write(self._statements.save_one, row) == 1}
        return {row[0] for row in _in_order(sql, self._statements.save, _json(SAVED, ordered))}

    def remove(self, sql: SqlConnection, keys: Collection[int]) -> int:
        rows = (_json(["of_key"], [(key,) for key in sorted(keys)]),)
        sql.write(self._statements.remove_logs, rows)
        return sql.write(self._statements.remove, rows)

    def claimable(
        self, sql: SqlConnection, queues: Sequence[str], now: int, most: int
    ) -> list[str]:
        """Many in one statement."""
        if len(queues) <= FEW_QUEUES:
            return super().claimable(sql, queues, now, most)
        rows = _json(["of_queue"], [(name,) for name in queues])
        return [row[0] for row in sql.rows(self._statements.claimable, (rows, now, most))]

    def claim(self, sql: SqlConnection, claim: ClaimValues) -> Sequence[Row]:
        who = (claim.token, claim.worker)
        until = (claim.now, claim.until, claim.length)
        values = (claim.queue, claim.limit, *who, *until)
        return sql.rows(self._statements.claim, values)

    def renew(
        self, sql: SqlConnection, held: Collection[Held], until: int
    ) -> Mapping[Held, int | None]:
        rows = _json(HELD, [(hold.key, hold.token) for hold in held])
        renewed = sql.rows(self._statements.renew, (rows, until))
        return {Held(key, token): requested_at for key, token, requested_at in renewed}

    def record_progress(
        self, sql: SqlConnection, reports: Sequence[tuple[Held, str]]
    ) -> Collection[Held]:
        latest = dict(reports)
        rows = sorted((hold.key, hold.token, text) for hold, text in latest.items())
        return {
            Held(key, token)
            for part in reported_parts(rows, MOST_CHARACTERS)
            for key, token in _in_order(sql, self._statements.record_progress, _json(REPORT, part))
        }

    def append_events(self, sql: SqlConnection, rows: Sequence[Row]) -> None:
        if isinstance(sql, WritesLate):
            sql.append_late(rows)
        else:
            sql.write(self._statements.append_events, (_events(rows),))

    def watermark(self, sql: SqlConnection) -> Watermark | None:

        def ids_behind(after: int, most: int) -> Sequence[int]:
            return [row[0] for row in sql.rows(self._statements.next_event_ids, (after, most))]

        def older(seconds: float) -> int:
            rows = sql.rows(self._statements.old_event, (int(seconds * 1000),))
            return int(rows[0][0]) if rows else 0

        def missing(after: int, up_to: int) -> Sequence[IdRun]:
            return runs_between(sql.rows(around, (after, up_to)), after)

        around = ids_around_gaps(self._statements)

        def writers() -> Collection[str]:
            return [row[0] for row in sql.rows(self._statements.event_writers)]

        def longest_writer() -> float:
            return float(sql.rows(self._statements.longest_writer)[0][0])

        newest = int(sql.rows(self._statements.last_event)[0][0] or 0)
        known = sql.known if isinstance(sql, WritesLate) else NOTHING
        snapshot = LogSnapshot(newest, ids_behind, older, missing, writers, longest_writer)
        return self.horizon.watermark(snapshot, known)

    def register_queues(self, sql: SqlConnection, names: Collection[str]) -> None:
        for name in sorted(names):
            sql.write(self._statements.register_queue, (name,))

    def save_queue(self, sql: SqlConnection, row: Row) -> None:
        sql.write(self._statements.save_queue, row)

    def contains(self, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        return func.strpos(column, literal(text, Text())) > literal_column("0")


def _in_order(sql: SqlConnection, statement: Statement, given: str) -> Sequence[Row]:
    """Rows of a change of many jobs. In a caller's transaction they are locked as they come."""
    ask = sql.rows_in_order if isinstance(sql, WritesLate) else sql.rows
    return ask(statement, (given,))


def _json(names: Sequence[str], rows: Sequence[Row]) -> str:
    """Rows as a list of objects, without their NULLs."""
    return _encode(
        [
            {name: value for name, value in zip(names, row, strict=True) if value is not None}
            for row in rows
        ]
    ).decode()


def _events(rows: Sequence[Row]) -> str:
    """Events with their places in the list."""
    return _json((*EVENT, "place"), [(*row, place) for place, row in enumerate(rows)])


def _event_values(event: Row) -> Row:
    """What an event says that its job does not."""
    return [event[place] for place in _OWN]


def _refs(refs: Collection[JobRef]) -> str:
    return _json(REF, [(ref.queue, ref.id) for ref in refs])


def _key(row: Row) -> int:
    return int(row[-2])
