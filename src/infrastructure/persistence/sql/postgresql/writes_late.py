"""A transaction that sends with the next statement, or with COMMIT, what needs no answer before."""

from __future__ import annotations

from collections.abc import Sequence

from ..server.horizon import Known
from ..sql_connection import SqlConnection
from ..statement import Parameters, Row, Statement


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


def rows_in_order(sql: SqlConnection, statement: Statement, given: str) -> Sequence[Row]:
    """Rows of a change of many jobs. In a caller's transaction they are locked as they come."""
    ask = sql.rows_in_order if isinstance(sql, WritesLate) else sql.rows
    return ask(statement, (given,))
