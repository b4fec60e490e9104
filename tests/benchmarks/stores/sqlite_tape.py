"""Writes of the SQLite store, recorded statement by statement."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from errands.infrastructure.persistence.sql.sqlite.writer import SqliteWriter
from tests.benchmarks.stores.store import Tape

Statement = tuple[bool, str, Any]
"""Whether it is an executemany, the statement, its parameters."""

BEGIN: Final = "BEGIN IMMEDIATE"


class TapedConnection:
    """Passes everything on to the writer connection and keeps what was executed."""

    def __init__(self, connection: Any, steps: list[Statement]) -> None:
        self._connection = connection
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        """Execute and keep one statement; what is rolled back is not kept."""
        if statement == "ROLLBACK":
            self._forget_transaction()
        elif not statement.startswith("PRAGMA"):
            self._steps.append((False, statement, tuple(parameters)))
        return self._connection.execute(statement, parameters)

    def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> Any:
        """Execute and keep one statement with many sets of parameters."""
        rows = [tuple(values) for values in parameters]
        self._steps.append((True, statement, rows))
        return self._connection.executemany(statement, rows)

    def rollback(self) -> None:
        """Roll back; nothing of the transaction is kept."""
        if self._connection.in_transaction:
            self._forget_transaction()
        self._connection.rollback()

    def _forget_transaction(self) -> None:
        while self._steps and self._steps.pop()[1] != BEGIN:
            pass


class TapedWriter:
    """Passes everything on to the writer's own, but for the connection: that goes on tape."""

    def __init__(self, own: Any, steps: list[Statement]) -> None:
        self._own = own
        self._steps = steps
        self._taped: TapedConnection | None = None
        self._openings = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def opened(self) -> TapedConnection:
        """The connection, as often as it is opened again."""
        connection = self._own.opened()
        if self._taped is None or self._openings != self._own.openings:
            self._taped = TapedConnection(connection, self._steps)
            self._openings = self._own.openings
        return self._taped


class SqliteTape(Tape):
    """Records what SQLite is asked."""

    def __init__(self) -> None:
        self.steps: list[Statement] = []

    @property
    def transactions(self) -> list[list[Statement]]:
        parted: list[list[Statement]] = [[]]
        for step in self.steps:
            parted[-1].append(step)
            if step[1] == "COMMIT":
                parted.append([])
        return [part for part in parted if part]

    def clear(self) -> None:
        self.steps.clear()


@contextmanager
def taped() -> Generator[SqliteTape]:
    """What applications write to SQLite that are opened inside the block."""
    tape = SqliteTape()
    build = SqliteWriter.__init__

    def build_on_tape(self: SqliteWriter, own: Any, *others: Any, **named: Any) -> None:
        on_tape: Any = TapedWriter(own, tape.steps)
        build(self, on_tape, *others, **named)

    with patch.object(SqliteWriter, "__init__", build_on_tape):
        yield tape
