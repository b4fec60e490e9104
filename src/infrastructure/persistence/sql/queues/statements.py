"""The statements about queues that every engine understands."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, exists, literal_column, or_, select
from sqlalchemy.sql import ColumnElement, Select

from .....core.domain.job.status import TERMINAL, JobStatus
from ....cached_property import cached_property
from ..mapping import TERMINAL_LIST, literal_of
from ..schema import Tables
from ..statement import Statement
from .rows import FORGOTTEN, QUEUE

Query = Select[*tuple[Any, ...]]
_ONE: Final[ColumnElement[int]] = literal_column("1")
_FORGOTTEN: Final[ColumnElement[int]] = literal_column(str(FORGOTTEN))


class QueueStatements:
    """Statements over the table of queues."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    @cached_property
    def get_queue(self) -> Statement:
        """A queue's settings, locked."""
        return Statement(self._queue.with_for_update(key_share=True), ["of_name"])

    @cached_property
    def look_queue(self) -> Statement:
        """A queue's settings, not locked."""
        return Statement(self._queue, ["of_name"])

    @cached_property
    def list_queues(self) -> Statement:
        """The queues that are known, and those that are forgotten and have jobs."""
        queue = self.tables.queues.c
        is_listed = or_(queue.turn != _FORGOTTEN, self.has_jobs_in(queue.name))
        return Statement(self._queues.where(is_listed).order_by(queue.name), [])

    @cached_property
    def has_jobs(self) -> Statement:
        """One row where there is any job in a queue."""
        found: Query = select(_ONE).where(self.has_jobs_in(bindparam("of_name")))
        return Statement(found, ["of_name"])

    def has_jobs_in(self, name: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether there is a job in the queue of this name; by an index for each status."""
        return or_(*(self._has(name, status) for status in JobStatus))

    def _has(self, name: ColumnElement[str], status: JobStatus) -> ColumnElement[bool]:
        job = self.tables.jobs.c
        found: Query = select(_ONE).where(
            job.queue == name, job.status == literal_column(literal_of(status))
        )
        if status in TERMINAL:
            found = found.where(job.status.op("IN")(literal_column(f"({TERMINAL_LIST})")))
        return exists(found.correlate(self.tables.queues))

    @property
    def _queue(self) -> Query:
        return self._queues.where(self.tables.queues.c.name == bindparam("of_name"))

    @property
    def _queues(self) -> Query:
        return select(*(self.tables.queues.c[name] for name in QUEUE))
