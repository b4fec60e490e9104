"""How an engine writes the log of events."""

from __future__ import annotations

from collections.abc import Sequence

from ..sql_connection import SqlConnection
from ..statement import Row
from .statements import EventStatements
from .watermark import Watermark


class EventDialect:
    """Appending events, and up to which id the log is complete."""

    def __init__(self, statements: EventStatements) -> None:
        self.statements = statements

    def append(self, sql: SqlConnection, rows: Sequence[Row]) -> None:
        """Write events, in order."""
        raise NotImplementedError

    def watermark(self, sql: SqlConnection) -> Watermark | None:
        """Up to which id no transaction can add an event any more; None: every id that is seen."""
        raise NotImplementedError

    def count_on(self, sql: SqlConnection, least: int) -> None:
        """Let the next ids be above this one; nothing where they are by themselves."""
        raise NotImplementedError

    def last(self, sql: SqlConnection) -> int:
        """The id of the newest event in sight; 0 for none."""
        return int(sql.rows(self.statements.last_event)[0][0] or 0)
