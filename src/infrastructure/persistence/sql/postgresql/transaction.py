"""A transaction on a connection of psycopg, in as few round trips as it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ..mapping import Row
from ..server.driver import Transaction
from ..statement import Parameters, Statement
from .grammar import PostgresqlGrammar, WritesLate
from .session import PostgresqlSession, Text, compiled

MOST_LATE: Final = 1_000
"""Rows of new jobs that are kept back at most, to be written in one statement."""
_COMMIT: Final[Text] = ("COMMIT", ())
_IN_ORDER: Final[Text] = ("SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off", ())
"""What is left are joins by index: of rows in the order of their keys, nested or merged. Otherwise
a small table is read as it lies, and its rows locked as they come."""


class PostgresqlTransaction(PostgresqlSession, WritesLate, Transaction):
    """What a unit need not know the outcome of is kept back.

    BEGIN goes out with the first statement, new jobs and events with the last, COMMIT with
    them. A unit whose only writes were kept back is one message and needs neither BEGIN nor
    COMMIT: the server takes all statements of a message as one transaction.
    """

    def __init__(self, connection: Any, spoken: PostgresqlGrammar, opening: str) -> None:
        super().__init__(connection, spoken)
        self._opening: list[Text] = [(opening, ())]
        self._jobs: list[Row] = []
        self._births: list[Row] = []
        self._events: list[Row] = []

    @property
    def session(self) -> PostgresqlSession:
        """See the protocol."""
        return self

    def rows_outside(self, statement: Statement, parameters: Parameters) -> Sequence[Row]:
        """See the base class. It opens no transaction."""
        rows: Sequence[Row] = self.executed([compiled(statement, parameters)]).fetchall()
        return rows

    def rows_in_order(self, statement: Statement, parameters: Parameters) -> Sequence[Row]:
        """See the base class."""
        change = [*self._begun(), *self._late_jobs(), _IN_ORDER, compiled(statement, parameters)]
        rows: Sequence[Row] = self.executed(change).fetchall()
        return rows

    def insert_late(self, jobs: Sequence[Row], births: Sequence[Row]) -> None:
        """See the base class."""
        self._jobs += jobs
        self._births += births
        if len(self._jobs) >= MOST_LATE:
            self.executed([*self._begun(), *self._late_jobs()])

    def append_late(self, events: Sequence[Row]) -> None:
        """See the base class."""
        self._events += events

    def send(self, text: Text) -> Any:
        """See the base class. BEGIN and new jobs go along."""
        return self.executed([*self._begun(), *self._late_jobs(), text])

    def send_rare(self, text: Text) -> Any:
        """See the base class. Everything that was kept back goes along."""
        return self.executed([*self._begun(), *self._late(), text])

    def commit(self) -> None:
        """Send what was kept back, and COMMIT where a transaction was opened."""
        late = self._late()
        if not self._opening:
            self.executed([*late, _COMMIT])
        elif late:
            self._opening = []
            self.executed(late)

    def rollback(self) -> None:
        """Forget what was kept back, and roll back what was not."""
        if not self._opening and not self.connection.closed:
            self.connection.execute("ROLLBACK")

    def _begun(self) -> list[Text]:
        opening, self._opening = self._opening, []
        return opening

    def _late(self) -> list[Text]:
        late = self._late_jobs()
        if self._events:
            late += [compiled(*each) for each in self._spoken.telling(self._events)]
            self._events = []
        return late

    def _late_jobs(self) -> list[Text]:
        if not self._jobs:
            return []
        late = compiled(*self._spoken.insertion(self._jobs, self._births))
        self._jobs, self._births = [], []
        return [late]
