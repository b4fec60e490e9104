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
from .job_handle import JobHandle
from .parts import Parts
from .queue import JobPage, Queue


class Client:
    """Opens the database of an application, gives its queues, finds jobs in all of them.

    As a context manager it initializes and shuts down. `defaults` are options for what is
    added, by the name of a queue.
    """

    def __init__(self, parts: Parts, *, defaults: Mapping[str, Mapping[str, Any]]) -> None:
        self._parts = parts
        self._defaults = defaults

    @property
    def url(self) -> str:
        """The database, without password."""
        return self._services.store.url

    async def initialize(self) -> Self:
        """Open the database and migrate it, under a lock.

        Openings are counted, async and sync ones together, in all threads and event loops of
        the process: the first opens, the others share it, and the last `shutdown` closes. So a
        handler, a request or a test may open an application that is open.
        """
        await self._parts.openings().begin()
        return self

    async def shutdown(self) -> None:
        """Close the database, if nobody else has it open, when what is under way has ended.

        Harmless where it is not open.
        """
        await self._parts.openings().end()

    async def __aenter__(self) -> Self:
        return await self.initialize()

    async def __aexit__(self, *_: object) -> None:
        await self.shutdown()

    def queue(self, name: str = "default", **defaults: Any) -> Queue:
        """The queue of this name; `defaults` are options for what is added through it."""
        checked = checked_name(name, "queue")
        merged = {**self._defaults.get(checked, {}), **defaults}
        return Queue(name, services=self._services, defaults=merged)

    async def get(self, job_id: str) -> JobHandle:
        """The one job with this id in any queue. Raises `JobNotFound`, `AmbiguousJobId`."""
        work = partial(read.resolve, job_id=checked_name(job_id, "job_id"))
        return JobHandle(await self._services.store.read(work), self._services)

    async def jobs(self, *, after: int | None = None, limit: int = 100, **wanted: Any) -> JobPage:
        """A page of jobs of all queues; conditions as in `Queue.jobs`."""
        asked = query(wanted.pop("queue", None), self._services.codec, **wanted)
        most, cursor = checked_limit(limit), checked_cursor(after)
        work = partial(read.list_jobs, query=asked, after=cursor, limit=most)
        page = await self._services.store.read(work, is_large=True)
        return JobPage(tuple(JobHandle(job, self._services) for job in page.jobs), page.next)

    async def queues(self) -> list[QueueSummary]:
        """Every queue that was ever used, with its counts."""
        return await self._services.store.read(read.list_queues, is_large=True)

    @property
    def _services(self) -> Services:
        return self._parts.services()
