"""Large databases, fast: the jobs and events that are there, copied many times over."""

from __future__ import annotations

from contextlib import closing
from typing import Final

from errands.infrastructure.persistence.sql.sqlite.driver import Connection, driver
from errands.infrastructure.persistence.sql.sqlite.schema import TABLES

_LATER: Final = 0x50000000
"""A job id begins with eight digits of its time: clones get later ones, in order."""


def multiply(path: str, more: int) -> None:
    """Add clones of all jobs, their events with them, until there are `more` jobs more."""
    with closing(driver().connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -262144")
        [(count, step)] = connection.execute("SELECT count(*), max(key) FROM errands_job")
        turns, rest = divmod(more, count)
        connection.execute("BEGIN")
        for turn in range(1, turns + 1):
            _clone(connection, turn, step, count)
        if rest:
            _clone(connection, turns + 1, step, rest)
        connection.execute("UPDATE errands_sequence SET value = (SELECT max(key) FROM errands_job)")
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _clone(connection: Connection, turn: int, step: int, count: int) -> None:
    shifted = {"key": "key + :shift", "sequence": "sequence + :shift", "id": _id("id")}
    names = [column.name for column in TABLES.jobs.columns]
    given = {"shift": turn * step, "prefix": _LATER + turn, "count": count}
    connection.execute(
        f"INSERT INTO errands_job ({', '.join(names)})"
        f" SELECT {', '.join(shifted.get(name, name) for name in names)}"
        f" FROM errands_job WHERE key <= :step ORDER BY key LIMIT :count",
        {**given, "step": step},
    )
    names = [column.name for column in TABLES.events.columns if column.name != "id"]
    connection.execute(
        f"INSERT INTO errands_event ({', '.join(names)})"
        f" SELECT {', '.join(_id(name) if name == 'job_id' else name for name in names)}"
        f" FROM errands_event WHERE job_id IN (SELECT id FROM errands_job WHERE key <= :count)"
        f" ORDER BY id",
        given,
    )


def _id(column: str) -> str:
    return f"printf('%08x', :prefix) || substr({column}, 9)"
