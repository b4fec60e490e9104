"""The log of events on MariaDB and MySQL: a row that is not committed shows who is writing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, func, literal_column, select
from sqlalchemy.sql import ColumnElement

from ....cached_property import cached_property
from ..events.dialect import EventDialect
from ..events.rows import EVENT
from ..events.watermark import Watermark
from ..server.events import InSight, ServerEventStatements
from ..server.horizon import NOTHING
from ..sql_connection import SqlConnection
from ..statement import Query, Row, Statement
from .counts_written import CountsWritten
from .horizon import AskWritten, MysqlHorizon, Sight
from .own_events import OwnEvents


class MysqlEventStatements(ServerEventStatements):
    """With VALUES, ids come in the order of the rows and without gaps."""

    @cached_property
    def append_event(self) -> Statement:
        """Write an event."""
        new = self.tables.events.insert().values({name: bindparam(name) for name in EVENT})
        return Statement(new, EVENT)

    @cached_property
    def count_events(self) -> Statement:
        """The newest event behind an id, and how many are in sight behind it."""
        id_ = self.tables.events.c.id
        seen: Query = select(func.max(id_), func.count()).where(id_ > bindparam("after_id"))
        return Statement(seen, ["after_id"])

    @cached_property
    def count_events_on(self) -> Statement:
        """Write an event with this id, to be dropped again."""
        nothing: ColumnElement[Any] = literal_column("0")
        new = self.tables.events.insert().values(id=bindparam("id"), at=nothing, type=nothing)
        return Statement(new, ["id"])

    @cached_property
    def drop_event(self) -> Statement:
        """Delete the event with this id."""
        events = self.tables.events
        return Statement(delete(events).where(events.c.id == bindparam("of_event")), ["of_event"])


class MysqlEvents(EventDialect):
    """Remembers up to which event the log is settled. `written` asks what is not committed."""

    statements: MysqlEventStatements

    def __init__(self, statements: MysqlEventStatements, written: AskWritten) -> None:
        super().__init__(statements)
        self.written = written
        self.own = OwnEvents()
        self.horizon = MysqlHorizon()

    def append(self, sql: SqlConnection, rows: Sequence[Row]) -> None:
        sql.write_many(self.statements.append_event, rows)

    def count_on(self, sql: SqlConnection, least: int) -> None:
        """A row with an id moves the counter of ids behind it, for good."""
        if least > self.last(sql):
            sql.write(self.statements.count_events_on, (least,))
            sql.write(self.statements.drop_event, (least,))

    def watermark(self, sql: SqlConnection) -> Watermark | None:
        seen = InSight(sql, self.statements)
        known = sql.known if isinstance(sql, CountsWritten) else NOTHING
        sight = Sight(self.last(sql), seen.ids_behind, seen.older, seen.missing, self.written)
        return self.horizon.watermark(sight, known)
