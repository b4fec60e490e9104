"""Statements with a few forms, each built once for the form that is asked for."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import bindparam, func, literal_column, select

from ....core.domain.job.status import JobStatus
from .conditions import ONE, Query
from .mapping import EVENT, literal_of
from .statement import Statement
from .statements import Statements

FORMS = 256
"""How many forms are kept, of all stores of the process."""


@lru_cache(FORMS)
def read_events(
    statements: Statements, *, by_queue: bool, by_job: bool, types: int, is_bounded: bool
) -> Statement:
    """Events behind a cursor, of one queue, one job; of some types; in order.

    Parameters: after, the last id to read, the queue, the job, each type, the limit; those
    that are asked for.
    """
    event = statements.tables.events.c
    names = ["after_id"]
    query: Query = select(event.id, *(event[name] for name in EVENT))
    query = query.where(event.id > bindparam("after_id"))
    if is_bounded:
        query = query.where(event.id <= bindparam("last_id"))
        names.append("last_id")
    if by_queue:
        query = query.where(event.queue == bindparam("of_queue"))
        names.append("of_queue")
    if by_job:
        query = query.where(event.job_id == bindparam("of_job"))
        names.append("of_job")
    wanted = [f"type_{number}" for number in range(types)]
    query = query.where(event.type.in_([bindparam(name) for name in wanted]))
    names += wanted
    return Statement(statements.first(query.order_by(event.id)), [*names, "most"])


@lru_cache(FORMS)
def ids_around_gaps(statements: Statements) -> Statement:
    """Ids of events, with the one in sight before each, where that is not the next lower one.

    Parameters: after, and the last id to look at. The first id comes without one before it.
    """
    id_ = statements.tables.events.c.id
    pairs = select(func.lag(id_).over(order_by=id_).label("lower"), id_.label("higher"))
    within = pairs.where(id_ > bindparam("after_id"), id_ <= bindparam("last_id")).subquery()
    lower, higher = within.c.lower, within.c.higher
    gaps: Query = select(lower, higher).where(lower.is_(None) | (higher - lower > ONE))
    return Statement(gaps.order_by(higher), ["after_id", "last_id"])


@lru_cache(FORMS)
def count(statements: Statements, status: JobStatus) -> Statement:
    """How many jobs of a queue have this status, at most so many. Parameters: queue, bound."""
    job = statements.tables.jobs.c
    some: Query = select(ONE.label("one")).where(
        job.queue == bindparam("of_queue"), job.status == literal_column(literal_of(status))
    )
    counted = select(func.count()).select_from(statements.first(some).subquery())
    return Statement(counted, ["of_queue", "most"])


@lru_cache(FORMS)
def count_together(statements: Statements) -> Statement:
    """Queue, status and number of all jobs, whatever there is of each."""
    job = statements.tables.jobs.c
    return Statement(
        select(job.queue, job.status, func.count()).group_by(job.queue, job.status), []
    )
