"""A transaction on a connection of psycopg, in as few round trips as it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from .....core.domain.skipped import rows_skipped
from ..events.rows import EVENT
from ..jobs.columns import NEW
from ..server.driver import Transaction
from ..statement import Parameters, Row, Statement
from .dialect import PostgresqlDialect
from .jobs import MOST_CHARACTERS
from .sql_connection import PostgresqlConnection, Text, compiled, joined
from .writes_late import WritesLate

MOST_LATE: Final = 1_000
"""Rows of new jobs that are kept back at most, to be written in one statement."""
_DATA: Final = NEW.index("data")
_TOLD: Final = EVENT.index("data")
_NONE: Final = "INSERT 0 0"
_COMMIT: Final[Text] = ("COMMIT", ())
_IN_ORDER: Final[Text] = ("SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off", ())
"""What is left are joins by index: of rows in the order of their keys, nested or merged. Otherwise
a small table is read as it lies, and its rows locked as they come."""


class PostgresqlTransaction(PostgresqlConnection, WritesLate, Transaction):
    """What a unit need not know the outcome of is kept back.

    BEGIN goes out with the first statement, new jobs and events with the last, COMMIT with
    them. A unit whose only writes were kept back is one message and needs neither BEGIN nor
    COMMIT: the server takes all statements of a message as one transaction.
    """

    def __init__(self, connection: Any, dialect: PostgresqlDialect, opening: str) -> None:
        super().__init__(connection, dialect)
        self.known = dialect.events.horizon.known
        self._opening: list[Text] = [(opening, ())]
        self._jobs: list[Row] = []
        self._births: list[Row] = []
        self._events: list[Row] = []
        self._kept_back = 0
        self._has_one_alone = False

    @property
    def sql(self) -> PostgresqlConnection:
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
        self._kept_back += sum(len(row[_DATA]) for row in jobs)
        if len(self._jobs) >= MOST_LATE or self._kept_back > MOST_CHARACTERS:
            self.executed([*self._begun(), *self._late()])

    def append_late(self, events: Sequence[Row]) -> None:
        """See the base class."""
        self._events += events
        self._kept_back += sum(len(row[_TOLD]) for row in events if row[_TOLD] is not None)
        if self._kept_back > MOST_CHARACTERS:
            self.executed([*self._begun(), *self._late()])

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
            self._write_alone(late)

    def rollback(self) -> None:
        """Forget what was kept back, and roll back what was not."""
        if not self._opening and not self.connection.closed:
            self.connection.execute("ROLLBACK")

    def _begun(self) -> list[Text]:
        opening, self._opening = self._opening, []
        return opening

    def _late(self) -> list[Text]:
        late, self._kept_back = self._late_jobs(), 0
        if self._events:
            late += [compiled(*each) for each in self._dialect.events.telling(self._events)]
            self._events = []
        return late

    def _late_jobs(self) -> list[Text]:
        if not self._jobs:
            return []
        (jobs, births), self._jobs, self._births = (self._jobs, self._births), [], []
        # Without BEGIN one job is all there is to undo, and looking at the answer costs less.
        if self._opening and len(jobs) == len(births) == 1:
            self._has_one_alone = True
            return [compiled(*self._dialect.jobs.alone(jobs[0], births[0]))]
        return [compiled(*self._dialect.jobs.all_or_none(jobs, births))]

    def _write_alone(self, late: Sequence[Text]) -> None:
        text, values = joined(late)
        cursor = self.connection.execute(text, values or None)
        self.ensure_written(cursor.statusmessage)
        while cursor.nextset():
            self.ensure_written(cursor.statusmessage)

    def ensure_written(self, status: str | None) -> None:
        """Raise `RowsSkipped` where this is the answer for a job alone that was not written."""
        if self._has_one_alone and status == _NONE:
            raise rows_skipped()
