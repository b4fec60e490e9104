"""`Errands(url).sync`: the application for programs without an event loop."""

from __future__ import annotations

from typing import Any, Self

from ...core.application.listing import checked_cursor, checked_limit, query
from ...core.application.services import Services
from ...core.application.sync_job_handle import SyncJobHandle
from ...core.application.sync_queue import SyncJobPage, SyncQueue
from ...core.application.use_cases import read
from ...core.application.use_cases.read import QueueSummary
from ...core.domain.job.identity import checked_name
from ..settings import Settings
from .container import Container


class SyncErrands:
    """The synchronous side of an `Errands`, a context manager of its own.

    It shares the store with the async side: opening either opens both, and the store is
    closed when whoever opened either has shut down.
    """

    def __init__(self, container: Container, settings: Settings) -> None:
        self._container = container
        self._settings = settings

    def initialize(self) -> Self:
        """Open the database and migrate it, under a lock; counted, see `Errands.initialize`."""
        self._container.openings().begin_sync()
        return self

    def shutdown(self) -> None:
        """Close the database, if nobody else has it open."""
        self._container.openings().end_sync()

    def __enter__(self) -> Self:
        return self.initialize()

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def queue(self, name: str = "default", **defaults: Any) -> SyncQueue:
        """The queue of this name; `defaults` are options for what is added through it."""
        checked = checked_name(name, "queue")
        merged = {**self._settings.queues.get(checked, {}), **defaults}
        return SyncQueue(name, services=self._services, defaults=merged)

    def get(self, job_id: str) -> SyncJobHandle:
        """The one job with this id in any queue. Raises `JobNotFound`, `AmbiguousJobId`."""
        wanted = checked_name(job_id, "job_id")
        job = self._services.store.read_sync(lambda uow: read.resolve(uow, wanted))
        return SyncJobHandle(job, self._services)

    def jobs(self, *, after: int | None = None, limit: int = 100, **wanted: Any) -> SyncJobPage:
        """A page of jobs of all queues; conditions as in `Queue.jobs`."""
        asked = query(wanted.pop("queue", None), self._services.codec, **wanted)
        most = checked_limit(limit)
        cursor = checked_cursor(after)
        page = self._services.store.read_sync(lambda uow: read.list_jobs(uow, asked, cursor, most))
        return SyncJobPage(
            tuple(SyncJobHandle(job, self._services) for job in page.jobs), page.next
        )

    def queues(self) -> list[QueueSummary]:
        """Every queue that was ever used, with its counts."""
        return self._services.store.read_sync(read.list_queues)

    @property
    def _services(self) -> Services:
        return self._container.services()
