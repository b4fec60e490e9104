"""The statements about queues."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, literal_column, or_, select
from sqlalchemy.sql import ColumnElement

from ....cached_property import cached_property
from ..jobs.selecting import has_jobs_in
from ..statement import Query, Statement
from ..syntax import SqlSyntax
from .rows import FORGOTTEN, QUEUE

_FORGOTTEN: Final[ColumnElement[int]] = literal_column(str(FORGOTTEN))
_ZERO: Final[ColumnElement[int]] = literal_column("0")


class QueueStatements:
    """Statements over the table of queues. Each names its parameters in order."""

    def __init__(self, syntax: SqlSyntax) -> None:
        self.syntax = syntax
        self.tables = syntax.tables

    @cached_property
    def get(self) -> Statement:
        """A queue's settings, locked."""
        return Statement(self.syntax.locked(self._queue), ["of_name"])

    @cached_property
    def peek(self) -> Statement:
        """A queue's settings, not locked."""
        return Statement(self._queue, ["of_name"])

    @cached_property
    def list_all(self) -> Statement:
        """The queues that are known, and those that are forgotten and have jobs."""
        queue = self.tables.queues.c
        is_listed = or_(queue.turn != _FORGOTTEN, has_jobs_in(self.tables, queue.name))
        return Statement(self._queues.where(is_listed).order_by(queue.name), [])

    @cached_property
    def register(self) -> Statement:
        """Write a queue unless it is there and known."""
        queues = self.tables.queues
        known = self.syntax.upsert(
            queues,
            {"name": bindparam("of_name"), "paused": _ZERO, "turn": _ZERO},
            key=["name"],
            changes=["drained_at", "turn"],
            where=queues.c.turn == _FORGOTTEN,
        )
        return Statement(known, ["of_name"])

    @cached_property
    def save(self) -> Statement:
        """Write a queue, whether it is there or not."""
        values: dict[str, ColumnElement[Any]] = {name: bindparam("new_" + name) for name in QUEUE}
        saved = self.syntax.upsert(self.tables.queues, values, key=["name"], changes=QUEUE[1:])
        return Statement(saved, ["new_" + name for name in QUEUE])

    @property
    def _queue(self) -> Query:
        return self._queues.where(self.tables.queues.c.name == bindparam("of_name"))

    @property
    def _queues(self) -> Query:
        return select(*(self.tables.queues.c[name] for name in QUEUE))
