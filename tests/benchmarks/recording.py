"""What the library does to its database, written down while it does it."""

from __future__ import annotations

import pickle
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from errands.infrastructure.persistence.sql.sqlite.driver import Connection
from errands.infrastructure.persistence.sql.sqlite.writer import SqliteWriter

Step = tuple[bool, str, Any]
"""Whether it is an executemany, the statement, its parameters."""

BEGIN: Final = "BEGIN IMMEDIATE"


class Tape:
    """Passes everything on to the writer connection and keeps what was executed."""

    def __init__(self, connection: Any, steps: list[Step]) -> None:
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

    def _forget_transaction(self) -> None:
        while self._steps and self._steps.pop()[1] != BEGIN:
            pass


@contextmanager
def taped() -> Generator[list[Step]]:
    """The growing list of what stores execute that are opened inside the block."""
    steps: list[Step] = []
    build = SqliteWriter.__init__

    def build_on_tape(self: SqliteWriter, connection: Any, *others: Any, **named: Any) -> None:
        build(self, Tape(connection, steps), *others, **named)  # type: ignore[arg-type]

    with patch.object(SqliteWriter, "__init__", build_on_tape):
        yield steps


@contextmanager
def recorded(path: str | None) -> Generator[list[Step]]:
    """`taped`, kept in a file at the end; with no path, nothing is recorded at all.

    Take out of the list what is not to be replayed.
    """
    if path is None:
        yield []
        return
    with taped() as steps:
        yield steps
    Path(path).write_bytes(pickle.dumps(steps))


def transactions(steps: Iterable[Step]) -> list[list[Step]]:
    """The steps, parted behind each COMMIT."""
    parted: list[list[Step]] = [[]]
    for step in steps:
        parted[-1].append(step)
        if step[1] == "COMMIT":
            parted.append([])
    return [part for part in parted if part]


def run_steps(connection: Connection, steps: Iterable[Step]) -> None:
    """Execute recorded steps again."""
    execute, execute_many = connection.execute, connection.executemany
    for is_many, statement, parameters in steps:
        if is_many:
            execute_many(statement, parameters)
        else:
            execute(statement, parameters).fetchall()


def load(path: str) -> list[Step]:
    """A recording, from its file."""
    steps: list[Step] = pickle.loads(Path(path).read_bytes())  # noqa: S301 - our own file
    return steps
