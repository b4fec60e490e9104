"""New jobs get their numbers, and which of them were written."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .....core.domain.job.identity import JobRef
from ..events.rows import EVENT
from ..sql_connection import SqlConnection
from ..statement import Row
from .columns import LOADED, NEW
from .dialect import JobDialect, Ref

_KEY, _SEQUENCE, _QUEUE, _ID = (NEW.index(name) for name in ("key", "sequence", "queue", "id"))
_LOADED_KEY, _LOADED_QUEUE, _LOADED_ID = (LOADED.index(name) for name in ("key", "queue", "id"))
_OF_QUEUE, _OF_JOB = EVENT.index("queue"), EVENT.index("job_id")


def numbered(rows: Sequence[Row], drawn: Sequence[int]) -> list[Row]:
    """New jobs with the numbers drawn for them, as `Job.number` says."""
    return [
        (number, *row[_KEY + 1 : _SEQUENCE], number * row[_SEQUENCE], *row[_SEQUENCE + 1 :])
        for row, number in zip(rows, drawn, strict=True)
    ]


def refs_of(rows: Sequence[Row]) -> list[Ref]:
    """The queues and ids of new jobs."""
    return [(row[_QUEUE], row[_ID]) for row in rows]


def taken_of(dialect: JobDialect, sql: SqlConnection, rows: Sequence[Row]) -> set[Ref]:
    """Which of these jobs an insert has left out: those that are not there under their keys."""
    refs = refs_of(rows)
    keys = {row[_KEY] for row in rows}
    there = dialect.peek(sql, {JobRef(*ref) for ref in refs})
    mine = {(row[_LOADED_QUEUE], row[_LOADED_ID]) for row in there if row[_LOADED_KEY] in keys}
    return set(refs) - mine


def events_of_others(events: Sequence[Row], taken: Collection[Ref]) -> Sequence[Row]:
    """The events of those new jobs that were not left out."""
    return [row for row in events if (row[_OF_QUEUE], row[_OF_JOB]) not in taken]


def events_of(events: Sequence[Row], rows: Sequence[Row]) -> Sequence[Row]:
    """The events of these new jobs."""
    refs = set(refs_of(rows))
    return [row for row in events if (row[_OF_QUEUE], row[_OF_JOB]) in refs]
