"""The synchronous twin of `Queue`, over the same use cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import attrs

from ...domain.events import Event, EventType
from ...domain.job.durations import Duration
from ...domain.job.identity import checked_name
from ...domain.job.status import JobStatus
from ...ports.event_log import EventFilter
from ...ports.job_catalog import Count
from .. import bulk
from ..bulk import Statuses
from ..event_stream import PAGE
from ..job_validator import JobValidator, Member, checked_ref
from ..listing import checked_cursor, checked_limit, event_filter, query
from ..services import Services
from ..transactions import Transactions, run_transactions_sync
from ..use_cases import administer, read
from ..use_cases.add import Added, NewJob, add_jobs
from .sync_job_handle import SyncJobHandle


@attrs.frozen
class SyncJobPage:
    """Part of a listing; `next` is the `after` of the following page, None after the last."""

    jobs: tuple[SyncJobHandle, ...]
    next: int | None


class SyncQueue:
    """`Queue` for programs without an event loop; every method blocks.

    Made by `Errands.sync`; safe from any thread.
    """

    def __init__(
        self, name: str, *, services: Services, defaults: Mapping[str, Any] | None = None
    ) -> None:
        self.name = checked_name(name, "queue")
        self._services = services
        self._requests = JobValidator(
            queue=self.name, codec=services.codec, ids=services.ids, defaults=dict(defaults or {})
        )

    def add(
        self, name: str, data: Any = None, *, connection: Any = None, **options: Any
    ) -> SyncJobHandle:
        """See `Queue.add`."""
        new = self._requests.new_job(name, data, options)
        if connection is None:
            return self._handle(self._services.adder.add_all_sync([new])[0])
        return (self._add_within(connection, [new]))[0]

    def add_many(self, jobs: Iterable[Member], *, connection: Any = None) -> list[SyncJobHandle]:
        """See `Queue.add_many`."""
        news = self._requests.new_jobs(jobs)
        if not news:
            return []
        if connection is not None:
            return self._add_within(connection, news)
        added = self._services.adder.add_all_sync(news)
        return [self._handle(one) for one in added]

    def get(self, job_id: str) -> SyncJobHandle:
        """See `Queue.get`."""
        work = partial(read.get_job, ref=checked_ref(self.name, job_id))
        return SyncJobHandle(self._services.store.read_sync(work), self._services)

    def find(self, job_id: str) -> SyncJobHandle | None:
        """See `Queue.find`."""
        ref = checked_ref(self.name, job_id)
        job = (self._services.store.read_sync(partial(read.find_jobs, refs=[ref]))).get(ref)
        return None if job is None else SyncJobHandle(job, self._services)

    def jobs(
        self,
        *,
        status: Statuses | None = None,
        name: str | None = None,
        tag: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        error: str | None = None,
        after: int | None = None,
        limit: int = 100,
        newest_first: bool = True,
    ) -> SyncJobPage:
        """See `Queue.jobs`."""
        wanted = query(
            self.name,
            self._services.codec,
            status=status,
            name=name,
            tag=tag,
            metadata=metadata,
            error=error,
            newest_first=newest_first,
        )
        work = partial(
            read.list_jobs, query=wanted, after=checked_cursor(after), limit=checked_limit(limit)
        )
        page = self._services.store.read_sync(work)
        return SyncJobPage(
            tuple(SyncJobHandle(job, self._services) for job in page.jobs), page.next
        )

    def counts(self) -> dict[JobStatus, Count]:
        """See `Queue.counts`."""
        return self._services.store.read_sync(partial(read.count_jobs, queue=self.name))

    def pause(self) -> None:
        """See `Queue.pause`."""
        self._services.store.transact_sync(partial(administer.pause, name=self.name))

    def resume(self) -> None:
        """See `Queue.resume`."""
        self._services.store.transact_sync(partial(administer.resume, name=self.name))

    def is_paused(self) -> bool:
        """See `Queue.is_paused`."""
        return self._services.store.read_sync(partial(read.is_paused, name=self.name))

    def drain(self, *, delayed: bool = True) -> int:
        """See `Queue.drain`."""
        return self._run(bulk.drain(self.name, delayed=delayed))

    def clean(
        self,
        grace: Duration = 0,
        *,
        limit: int | None = None,
        status: Statuses = "completed",
    ) -> int:
        """See `Queue.clean`."""
        return self._run(bulk.clean(self.name, grace, limit=limit, status=status))

    def obliterate(self, *, force: bool = False) -> int:
        """See `Queue.obliterate`."""
        removed = self._run(bulk.obliterate(self.name, force=force))
        self._services.adder.forget(self.name)
        return removed

    def retry_many(
        self,
        *,
        status: Statuses = "failed",
        before: datetime | None = None,
        limit: int | None = None,
        reset_attempts: bool = False,
    ) -> int:
        """See `Queue.retry_many`."""
        transactions = bulk.retry_many(
            self.name, status=status, before=before, limit=limit, reset_attempts=reset_attempts
        )
        return self._run(transactions)

    def promote_many(self, *, limit: int | None = None) -> int:
        """See `Queue.promote_many`."""
        return self._run(bulk.promote_many(self.name, limit=limit))

    def events(
        self,
        *,
        after: int | None = 0,
        types: Iterable[EventType | str] = (),
        job_id: str | None = None,
    ) -> Iterator[Event]:
        """The queue's events behind the cursor `after`, up to the newest that none can precede.

        By default from the beginning; None is from now on, which is none.
        """
        wanted, cursor = event_filter(self.name, job_id, types), checked_cursor(after)
        return self._events(cursor, wanted)

    def _events(self, after: int | None, wanted: EventFilter) -> Iterator[Event]:
        cursor = self._services.store.read_sync(read.last_event_id) if after is None else after
        while True:
            work = partial(read.read_events, after=cursor, limit=PAGE, wanted=wanted)
            page = self._services.store.read_sync(work)
            yield from page
            if len(page) < PAGE:
                return
            cursor = page[-1].id

    def _run(self, transactions: Transactions[int]) -> int:
        return run_transactions_sync(self._services.store, transactions)

    def _handle(self, added: Added) -> SyncJobHandle:
        return SyncJobHandle(added.job, self._services, is_new=added.is_new)

    def _add_within(self, connection: Any, news: Sequence[NewJob]) -> list[SyncJobHandle]:
        work = partial(add_jobs, wanted=news, unregistered=frozenset({self.name}))
        added = self._services.store.within(connection, work)
        return [self._handle(one) for one in added]
