"""What statements about jobs select, and by which status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import exists, literal_column, or_, select
from sqlalchemy.sql import ColumnElement

from .....core.domain.job.status import TERMINAL, JobStatus
from ..schema import Tables
from ..statement import Query
from ..syntax import ONE
from .columns import COLUMNS, LOADED
from .statuses import TERMINAL_LIST, literal_of

_NULL: Final[ColumnElement[Any]] = literal_column("NULL")
_BLANK: Final[ColumnElement[Any]] = literal_column("''")
_LEFT_OUT: Final[Mapping[str, ColumnElement[Any]]] = {
    column.name: (_NULL if column.is_optional else _BLANK).label(column.name)
    for column in COLUMNS
    if column.is_payload
}
"""What stands in for these columns of a bare job."""

Selected = tuple[ColumnElement[Any], ...]


def loaded(tables: Tables) -> Selected:
    """The columns of a job, in the order in which `job_from_row` takes them."""
    return tuple(tables.jobs.c[name] for name in LOADED)


def bare(tables: Tables) -> Selected:
    """The same, but for what may be large."""
    return tuple(_LEFT_OUT.get(name, tables.jobs.c[name]) for name in LOADED)


def in_claim_order(tables: Tables) -> Selected:
    """The order in which jobs of a queue are claimed: that of its index."""
    job = tables.jobs.c
    return (job.priority.desc(), job.turn, job.sequence)


def is_in(tables: Tables, status: str) -> ColumnElement[bool]:
    """Whether a job has this status, an SQL literal."""
    return tables.jobs.c.status == literal_column(status)


def is_among(tables: Tables, statuses: str) -> ColumnElement[bool]:
    """Whether a job has one of these statuses, a list of SQL literals."""
    return tables.jobs.c.status.op("IN")(literal_column(f"({statuses})"))


def has_jobs_in(tables: Tables, name: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether there is a job in the queue of this name; by an index for each status."""
    return or_(*(_has(tables, name, status) for status in JobStatus))


def _has(tables: Tables, name: ColumnElement[str], status: JobStatus) -> ColumnElement[bool]:
    found: Query = select(ONE).where(tables.jobs.c.queue == name, is_in(tables, literal_of(status)))
    if status in TERMINAL:
        found = found.where(is_among(tables, TERMINAL_LIST))
    return exists(found.correlate(tables.queues))
