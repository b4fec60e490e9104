"""Statements on a connection of psycopg, in as few round trips as they need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from ..mapping import Row
from ..session import Session
from ..statement import Core, Parameters, Statement, positions
from .grammar import PostgresqlGrammar

DIALECT: Final = PGDialect_psycopg(paramstyle="format")  # type: ignore[no-untyped-call]
MOST_LATE: Final = 1_000
"""Rows of new jobs that are kept back at most, to be written in one statement."""


class PostgresqlSession(Session):
    """A transaction on a connection of the driver; hot statements are compiled once.

    What a unit need not know the outcome of is kept back: BEGIN goes out with the first
    statement, new jobs and events with the last, COMMIT with them. A unit whose only writes
    were kept back is one message and needs neither BEGIN nor COMMIT: the server takes all
    statements of a message as one transaction.
    """

    def __init__(
        self, connection: Any, spoken: PostgresqlGrammar, *, opening: str = "", is_own: bool = False
    ) -> None:
        self.connection = connection
        self._spoken = spoken
        self._opening = opening
        self._is_own = is_own
        self._jobs: list[Row] = []
        self._births: list[Row] = []
        self._events: list[Row] = []

    @property
    def grammar(self) -> PostgresqlGrammar:
        """See the port."""
        return self._spoken

    @property
    def keeps_back(self) -> bool:
        """Whether it has a commit of its own, which can take along what was kept back."""
        return self._is_own

    def rows(self, statement: Statement, parameters: Parameters = ()) -> Sequence[Row]:
        """See the port."""
        rows: Sequence[Row] = self._run(statement, parameters).fetchall()
        return rows

    def write(self, statement: Statement, parameters: Parameters = ()) -> int:
        """See the port."""
        return int(self._run(statement, parameters).rowcount)

    def write_many(self, statement: Statement, parameters: Sequence[Parameters]) -> int:
        """See the port."""
        return sum(self.write(statement, values) for values in parameters)

    def select(self, core: Core) -> Sequence[Row]:
        """See the port."""
        rows: Sequence[Row] = self._run_once(core).fetchall()
        return rows

    def execute(self, core: Core) -> int:
        """See the port."""
        return int(self._run_once(core).rowcount)

    def rows_outside(self, statement: Statement, parameters: Parameters) -> Sequence[Row]:
        """Rows of a statement that no transaction holds or undoes: it opens none."""
        rows: Sequence[Row] = self.connection.execute(*_compiled(statement, parameters)).fetchall()
        return rows

    def insert_late(self, jobs: Sequence[Row], births: Sequence[Row]) -> None:
        """Write new jobs, whose ids are surely free, and their events with what comes next."""
        self._jobs += jobs
        self._births += births
        if len(self._jobs) >= MOST_LATE:
            self._send([])

    def append_late(self, events: Sequence[Row]) -> None:
        """Write events with the commit, or before events are read."""
        self._events += events

    def commit(self) -> None:
        """Send what was kept back, and COMMIT where a transaction was opened."""
        if self._opening:
            late = self._late(everything=True)
            if late:
                self._opening = ""
                self._execute(late)
            return
        self._send([("COMMIT", ())], everything=True)

    def rollback(self) -> None:
        """Forget what was kept back, and roll back what was not."""
        if not self._opening:
            self.connection.execute("ROLLBACK")

    def _run(self, statement: Statement, parameters: Parameters) -> Any:
        return self._send([_compiled(statement, parameters)])

    def _run_once(self, core: Core) -> Any:
        compiled = core.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
        parameters = compiled.construct_params()
        values = [parameters[name] for name in positions(compiled)]
        return self._send([(str(compiled), values)], everything=True)

    def _send(self, texts: list[tuple[str, Parameters]], *, everything: bool = False) -> Any:
        """Send BEGIN, what was kept back and the statements in one message; the last result."""
        opening: list[tuple[str, Parameters]] = [(self._opening, ())] if self._opening else []
        self._opening = ""
        return self._execute([*opening, *self._late(everything=everything), *texts])

    def _late(self, *, everything: bool) -> list[tuple[str, Parameters]]:
        texts: list[tuple[str, Parameters]] = []
        if self._jobs:
            texts.append(_compiled(*self._spoken.insertion(self._jobs, self._births)))
            self._jobs, self._births = [], []
        if self._events and everything:
            texts.append(_compiled(*self._spoken.telling(self._events)))
            self._events = []
        return texts

    def _execute(self, texts: list[tuple[str, Parameters]]) -> Any:
        text = "; ".join(text for text, _ in texts)
        values = [value for _, parameters in texts for value in parameters]
        cursor = self.connection.execute(text, values or None)
        while cursor.nextset():
            pass
        return cursor


def _compiled(statement: Statement, parameters: Parameters) -> tuple[str, Parameters]:
    text, arrange = statement.on(DIALECT)
    return text, arrange(parameters) if arrange else parameters
