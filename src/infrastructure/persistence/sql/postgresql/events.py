"""The log of events on PostgreSQL: whoever writes to it holds a lock that others can see."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import (
    Integer,
    Text,
    bindparam,
    cast,
    column,
    extract,
    func,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from ....cached_property import cached_property
from ..events.dialect import EventDialect
from ..events.rows import EVENT
from ..events.watermark import Watermark
from ..server.events import InSight, ServerEventStatements
from ..server.horizon import (
    NOTHING,
    Horizon,
    LogSnapshot,
)
from ..sql_connection import SqlConnection
from ..statement import Parameters, Query, Row, Statement
from .names import quoted
from .schema import PostgresqlTables
from .sequences import raised_to, sequence_of_events
from .syntax import PostgresqlSyntax
from .writes_late import WritesLate

FEW_EVENTS: Final = 4
"""Events that the server reads sooner one by one than as JSON."""
PLACED: Final = (*EVENT, "place")
"""An event with its place in a list."""
_LOCK = table(
    "pg_locks",
    *map(column, ("virtualtransaction", "relation", "mode", "locktype", "granted", "pid")),
)
_ACTIVITY = table("pg_stat_activity", *map(column, ("pid", "xact_start")))


class PostgresqlEventStatements(ServerEventStatements):
    """Several events come as one JSON text."""

    syntax: PostgresqlSyntax
    tables: PostgresqlTables

    @cached_property
    def append_event(self) -> Statement:
        """Write one event."""
        new = self.tables.events.insert().values({name: bindparam(name) for name in EVENT})
        return Statement(new.inline(), EVENT)

    @cached_property
    def append_events(self) -> Statement:
        """Write events."""
        events, rows = self.tables.events, self.given("rows")
        new = events.insert().from_select(list(EVENT), select(*(rows.c[name] for name in EVENT)))
        return Statement(new, ["rows"])

    def given(self, parameter: str) -> TableValuedAlias:
        """Events that come as a JSON list; `place` is where each stands in it."""
        event = self.tables.events.c
        place: ColumnElement[Any] = column("place", Integer())
        return self.syntax.given(
            {**{name: event[name] for name in EVENT}, "place": place}, parameter
        )

    def text(self, rows: Sequence[Row]) -> str:
        """Events as such a list."""
        placed = [(*row, place) for place, row in enumerate(rows)]
        return self.syntax.rows_text(PLACED, placed)

    @cached_property
    def count_events_on(self) -> Statement:
        """Draw the next event id above a number; never below what was drawn."""
        return raised_to(sequence_of_events(self.tables))

    @cached_property
    def event_writers(self) -> Statement:
        """The open transactions of others that have written events; prepared ones, too.

        Whoever has drawn an id of an event has had this lock on the table since before. One that
        is prepared has no process.
        """
        return Statement(select(_LOCK.c.virtualtransaction).where(*self._writing), [])

    @cached_property
    def longest_writer(self) -> Statement:
        """For how many seconds one of them is open, as far as one may know; else 0."""
        began = func.min(_ACTIVITY.c.xact_start)
        seconds = extract("epoch", func.clock_timestamp() - began)
        both = _LOCK.join(_ACTIVITY, _ACTIVITY.c.pid == _LOCK.c.pid)
        longest: Query = (
            select(func.coalesce(seconds, literal_column("0")))
            .select_from(both)
            .where(*self._writing)
        )
        return Statement(longest, [])

    @property
    def _writing(self) -> Sequence[ColumnElement[bool]]:
        events = literal(quoted(self.tables.events), Text())
        return (
            _LOCK.c.locktype == literal_column("'relation'"),
            _LOCK.c.relation == cast(events, postgresql.REGCLASS),
            _LOCK.c.mode == literal_column("'RowExclusiveLock'"),
            _LOCK.c.granted,
            _LOCK.c.pid.is_distinct_from(func.pg_backend_pid()),
        )

    @cached_property
    def notify(self) -> Statement:
        """Tell those who listen, when this transaction commits."""
        notified = func.pg_notify(
            bindparam("channel", type_=Text()), bindparam("note", type_=Text())
        )
        return Statement(select(notified), ["channel", "note"])


class PostgresqlEvents(EventDialect):
    """Remembers up to which event the log is settled."""

    statements: PostgresqlEventStatements

    def __init__(self, statements: PostgresqlEventStatements) -> None:
        super().__init__(statements)
        self.horizon = Horizon()

    def append(self, sql: SqlConnection, rows: Sequence[Row]) -> None:
        if isinstance(sql, WritesLate):
            sql.append_late(rows)
        else:
            sql.write(self.statements.append_events, (self.statements.text(rows),))

    def telling(self, rows: Sequence[Row]) -> list[tuple[Statement, Parameters]]:
        """Statements that write events, with their parameters; for one message."""
        if len(rows) <= FEW_EVENTS:
            return [(self.statements.append_event, row) for row in rows]
        return [(self.statements.append_events, (self.statements.text(rows),))]

    def count_on(self, sql: SqlConnection, least: int) -> None:
        """Sequences belong to no transaction: this stays if it rolls back."""
        sql.rows(self.statements.count_events_on, (least,))

    def watermark(self, sql: SqlConnection) -> Watermark | None:
        seen = InSight(sql, self.statements)

        def writers() -> Collection[str]:
            return [row[0] for row in sql.rows(self.statements.event_writers)]

        def longest_writer() -> float:
            return float(sql.rows(self.statements.longest_writer)[0][0])

        known = sql.known if isinstance(sql, WritesLate) else NOTHING
        snapshot = LogSnapshot(
            self.last(sql), seen.ids_behind, seen.older, seen.missing, writers, longest_writer
        )
        return self.horizon.watermark(snapshot, known)
