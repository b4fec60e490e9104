"""The log of events on SQLite: one writer at a time, so that ids come in the order of commits."""

from __future__ import annotations

from collections.abc import Sequence

from ....cached_property import cached_property
from ..events.dialect import EventDialect
from ..events.rows import EVENT
from ..events.statements import EventStatements
from ..events.watermark import Watermark
from ..sql_connection import SqlConnection
from ..statement import Row, Statement
from .syntax import inserting


class SqliteEventStatements(EventStatements):
    """One event a statement, or a hundred."""

    @cached_property
    def append(self) -> Statement:
        """Write an event."""
        return inserting(self.tables.events, EVENT)


class SqliteEvents(EventDialect):
    """SQLite's way with events."""

    statements: SqliteEventStatements

    def append(self, sql: SqlConnection, rows: Sequence[Row]) -> None:
        sql.write_many(self.statements.append, rows)

    def watermark(self, sql: SqlConnection) -> Watermark | None:
        return None

    def count_on(self, sql: SqlConnection, least: int) -> None:
        """The next id is one above the highest by itself."""
