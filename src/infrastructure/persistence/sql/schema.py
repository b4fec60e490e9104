"""The tables and indexes, as SQLAlchemy Core knows them.

The migrations make them; a test holds the two together. What only one engine has (partial
indexes, sequences, storage settings) is added by the subclass in its folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, MetaData, Table, event
from sqlalchemy.sql import ColumnElement

from .backlog import CreateView, DropView, backlog
from .events import table as events
from .jobs import table as jobs
from .jobs.statuses import ACTIVE, BLOCKED, DELAYED, TERMINAL_LIST, UNSTARTED_LIST, WAITING
from .logs import table as logs
from .meta import table as meta
from .queues import table as queues

PREFIX: Final = "errands_"
REVISIONS: Final = ("0001", "0002", "0003")
"""All schema revisions, oldest first; the last one is what this version works with."""


class Tables:
    """The tables of one queue database, under a prefix and, on some engines, in a schema.

    With the view over them, whose name is `backlog`.
    """

    now: ColumnElement[int]
    """The server's time in milliseconds since the epoch, the same in all of a statement."""
    place: ColumnElement[str]
    """Which running server, database and table a row of `meta` is in; on database servers."""

    def __init__(self, prefix: str = PREFIX, schema: str | None = None) -> None:
        self.prefix = prefix
        self.schema = schema
        self.metadata = MetaData(schema=schema)
        self.version_table = f"{prefix}schema"
        self.meta = self._table("meta", meta.columns())
        self.queues = self._table("queue", queues.columns())
        self.jobs = self._table("job", jobs.columns())
        self.logs = self._table("log", logs.columns())
        self.events = self._table("event", events.columns())
        self._add_sequences()
        self._add_indexes()
        self.backlog = f"{prefix}backlog"
        view = CreateView(self.backlog, schema, backlog(self))
        event.listen(self.metadata, "after_create", view)
        event.listen(self.metadata, "before_drop", DropView(self.backlog, schema))

    def _table(self, name: str, columns: Sequence[Column[Any]]) -> Table:
        return Table(self.prefix + name, self.metadata, *columns, **self._storage(name))

    def _storage(self, name: str) -> dict[str, Any]:
        """Settings of a table that only this engine has."""
        del name
        return {}

    def _add_sequences(self) -> None:
        """What sequences are drawn from."""
        raise NotImplementedError

    def _add_indexes(self) -> None:
        """Indexes that hold only the rows that their statements ask for."""
        job, event = self.jobs.c, self.events.c
        delayed, active = f"status = {DELAYED}", f"status = {ACTIVE}"
        flagged = f"{active} AND cancel_requested_at IS NOT NULL"
        lapsing = f"lapses_at IS NOT NULL AND status IN ({UNSTARTED_LIST})"
        order = [job.queue, job.priority.desc(), job.turn, job.sequence]
        finished = [job.queue, job.status, job.finished_at, job.key]
        self._index("job_id", [job.id, job.queue], unique=True)
        self._index("job_claim", order, f"status = {WAITING}")
        self._index("job_due", [job.run_at, job.sequence], delayed)
        self._index("job_delayed", [job.queue, job.run_at], delayed)
        self._index("job_lease", self._in_order_of(job.lease_expires_at), active)
        self._index("job_flagged", [job.worker], flagged)
        self._index("job_blocked", [job.queue], f"status = {BLOCKED}")
        self._index("job_lapse", self._in_order_of(job.lapses_at), lapsing)
        self._index("job_finished", finished, f"status IN ({TERMINAL_LIST})")
        self._index("job_purge", self._in_order_of(job.purge_at), "purge_at IS NOT NULL")
        self._index("event_job", [event.job_id, event.queue, event.id], "job_id IS NOT NULL")

    def _in_order_of(self, at: ColumnElement[Any]) -> list[ColumnElement[Any]]:
        """The columns of an index by time, then key: most engines have the key in any index."""
        return [at]

    def _index(
        self,
        name: str,
        columns: Sequence[ColumnElement[Any]],
        condition: str | None = None,
        *,
        unique: bool = False,
    ) -> None:
        Index(self.prefix + name, *columns, unique=unique, **self._when(condition))

    def _when(self, condition: str | None) -> dict[str, Any]:
        """How the engine is told which rows an index is for."""
        del condition
        return {}
