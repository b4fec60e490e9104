"""The statements about the log of events that every engine understands, each built once."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import bindparam, func, select

from ....cached_property import cached_property
from ..statement import FORMS, Query, Statement
from ..syntax import SqlSyntax
from .rows import EVENT


class EventStatements:
    """Statements over the table of events. Each names its parameters in order."""

    def __init__(self, syntax: SqlSyntax) -> None:
        self.syntax = syntax
        self.tables = syntax.tables

    @cached_property
    def last_event(self) -> Statement:
        """The id of the newest event."""
        return Statement(select(func.max(self.tables.events.c.id)), [])


@lru_cache(FORMS)
def read_events(
    statements: EventStatements, *, by_queue: bool, by_job: bool, types: int, is_bounded: bool
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
    return Statement(statements.syntax.first(query.order_by(event.id)), [*names, "most"])
