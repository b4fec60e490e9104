"""Statements with a few forms, each built once for the form that is asked for."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, literal_column, select
from sqlalchemy.sql import ColumnElement, Select

from ....core.domain.job.status import JobStatus
from .mapping import EVENT, literal_of
from .schema import events, jobs
from .statement import Statement
from .statements import bounded

_c = events.c


@cache
def read_events(*, by_queue: bool, by_job: bool, types: int) -> Statement:
    """Events behind a cursor, of one queue, one job, some types; in order.

    Parameters: after, the queue, the job, each type, the limit; those that are asked for.
    """
    names = ["after_id"]
    query: Select[*tuple[Any, ...]] = select(_c.id, *(_c[name] for name in EVENT))
    query = query.where(_c.id > bindparam("after_id"))
    if by_queue:
        query = query.where(_c.queue == bindparam("of_queue"))
        names.append("of_queue")
    if by_job:
        query = query.where(_c.job_id == bindparam("of_job"))
        names.append("of_job")
    if types:
        wanted = [f"type_{number}" for number in range(types)]
        query = query.where(_c.type.in_([bindparam(name) for name in wanted]))
        names += wanted
    return Statement(bounded(query.order_by(_c.id)), [*names, "most"])


@cache
def count(status: JobStatus) -> Statement:
    """How many jobs of a queue have this status, at most so many. Parameters: queue, bound."""
    one: ColumnElement[int] = literal_column("1")
    some: Select[*tuple[Any, ...]] = select(one.label("one")).where(
        jobs.c.queue == bindparam("of_queue"), jobs.c.status == literal_column(literal_of(status))
    )
    counted = select(func.count()).select_from(bounded(some).subquery())
    return Statement(counted, ["of_queue", "most"])
