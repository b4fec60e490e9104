# Generated from client.py: change that, then run `make generate`.
"""An application's database: opened and closed, its queues, its jobs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Self

from ...domain.job.identity import checked_name
from ..listing import checked_cursor, checked_limit, query
from ..services import Services
from ..use_cases import read
from ..use_cases.read import QueueSummary
from .parts import Parts
from .sync_job_handle import SyncJobHandle
from .sync_queue import SyncJobPage, SyncQueue


class SyncErrands:
    """Opens the database of an application, gives its queues, finds jobs in all of them.

    As a context manager it initializes and shuts down. `defaults` are options for what is
    added, by the name of a queue.

    Synchronous: for programs without an event loop, from any thread.
    """

    def __init__(self, parts: Parts, *, defaults: Mapping[str, Mapping[str, Any]]) -> None:
        self._parts = parts
        self._defaults = defaults

    @property
    def url(self) -> str:
        """The database, without password."""
        return self._services.store.url

    def initialize(self) -> Self:
        """Open the database and migrate it, under a lock.

        Openings are counted, async and sync ones together, in all threads and event loops of
        the process: the first opens, the others share it, and the last `shutdown` closes. So a
        handler, a request or a test may open an application that is open.
        """
        self._parts.openings().begin_sync()
        return self

    def shutdown(self) -> None:
        """Close the database, if nobody else has it open, when what is under way has ended.

        Harmless where it is not open.
        """
        self._parts.openings().end_sync()

    def __enter__(self) -> Self:
        return self.initialize()

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def queue(self, name: str = "default", **defaults: Any) -> SyncQueue:
        """The queue of this name; `defaults` are options for what is added through it."""
        checked = checked_name(name, "queue")
        merged = {**self._defaults.get(checked, {}), **defaults}
        return SyncQueue(name, services=self._services, defaults=merged)

    def get(self, job_id: str) -> SyncJobHandle:
        """The one job with this id in any queue. Raises `JobNotFound`, `AmbiguousJobId`."""
        work = partial(read.resolve, job_id=checked_name(job_id, "job_id"))
        return SyncJobHandle(self._services.store.read_sync(work), self._services)

    def jobs(self, *, after: int | None = None, limit: int = 100, **wanted: Any) -> SyncJobPage:
        """A page of jobs of all queues; conditions as in `SyncQueue.jobs`."""
        asked = query(wanted.pop("queue", None), self._services.codec, **wanted)
        most, cursor = checked_limit(limit), checked_cursor(after)
        work = partial(read.list_jobs, query=asked, after=cursor, limit=most)
        page = self._services.store.read_sync(work)
        return SyncJobPage(
            tuple(SyncJobHandle(job, self._services) for job in page.jobs), page.next
        )

    def queues(self) -> list[QueueSummary]:
        """Every queue that was ever used, with its counts."""
        return self._services.store.read_sync(read.list_queues)

    @property
    def _services(self) -> Services:
        return self._parts.services()
