# Generated from queue.py: change that, then run `make generate`.
"""One named queue: its producer and its management."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import attrs

from ...domain.events import Event, EventType
from ...domain.job.durations import Duration
from ...domain.job.identity import checked_name
from ...domain.job.options import checked_flag
from ...domain.job.status import JobStatus
from ...ports.job_catalog import Count
from .. import bulk
from ..bulk import Statuses
from ..job_validator import JobValidator, Member, checked_ref
from ..listing import checked_cursor, checked_limit, event_filter, query
from ..services import Services
from ..sync_event_stream import SyncEventStream
from ..transactions import Transactions, run_transactions_sync
from ..use_cases import administer, read
from ..use_cases.add import Added, NewJob, add_jobs
from .sync_job_handle import SyncJobHandle


@attrs.frozen
class SyncJobPage:
    """Part of a listing; `next` is the `after` of the following page, None after the last.

    Synchronous: for programs without an event loop, from any thread.
    """

    jobs: tuple[SyncJobHandle, ...]
    next: int | None


class SyncQueue:
    """Adds jobs to one named queue, finds them, and manages the queue.

    Made by `SyncErrands.queue`; several objects for one name are the same queue.

    Synchronous: for programs without an event loop, from any thread.
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
        """Add a job and return its handle; once this returns, no crash loses it.

        `name` says which handler runs it, `data` is anything with a JSON form. A `job_id`
        that exists already adds nothing and gives the existing job (`is_new` is False).
        With `connection` (a SQLAlchemy Connection or Session on
        the queue's database) the job exists if and when the caller commits.

        Options: job_id, priority, lifo, delay, run_at, max_attempts, backoff, jitter, never,
        timeout, expires_in, deadline, keep_completed, keep_failed, keep_logs, max_crashes,
        max_starts, max_payload, tags, metadata, trace_context. Raises `InvalidOption`,
        `UnknownOption`, `InvalidPayload`, `PayloadTooLarge`, `StoreError`.
        """
        new = self._requests.new_job(name, data, options)
        if connection is None:
            return self._handle(self._services.adder.add_sync(new))
        [handle] = self._add_within(connection, [new])
        return handle

    def add_many(self, jobs: Iterable[Member], *, connection: Any = None) -> list[SyncJobHandle]:
        """Add all of the jobs, in order, or none of them.

        Members are `JobSpec` or (name, data) or (name, data, options). An invalid one
        refuses the whole call and its error names the index.
        """
        news = self._requests.new_jobs(jobs)
        if not news:
            return []
        if connection is not None:
            return self._add_within(connection, news)
        added = self._services.adder.add_all_sync(news)
        return [self._handle(one) for one in added]

    def get(self, job_id: str) -> SyncJobHandle:
        """The job. Raises `JobNotFound`."""
        work = partial(read.get_job, ref=checked_ref(self.name, job_id))
        return SyncJobHandle(self._services.store.read_sync(work), self._services)

    def find(self, job_id: str) -> SyncJobHandle | None:
        """The job, or None."""
        ref = checked_ref(self.name, job_id)
        found = self._services.store.read_sync(partial(read.find_jobs, refs=[ref]))
        return SyncJobHandle(found[ref], self._services) if ref in found else None

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
        """A page of jobs in the order of adding, stable while jobs move on.

        `error` is part of the text of a failure; `metadata` names values that must match.
        """
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
        """How many jobs of each status; exact up to 10,000."""
        work = partial(read.count_jobs, queue=self.name)
        return self._services.store.read_sync(work)

    def pause(self) -> None:
        """Give out no more jobs, in any process, until resumed; survives restarts."""
        self._services.store.transact_sync(partial(administer.pause, name=self.name))

    def resume(self) -> None:
        """Give out jobs again."""
        self._services.store.transact_sync(partial(administer.resume, name=self.name))

    def is_paused(self) -> bool:
        """Whether it is paused."""
        return self._services.store.read_sync(partial(read.is_paused, name=self.name))

    def drain(self, *, delayed: bool = True) -> int:
        """Remove what has not started (without `delayed`, only what waits); how many.

        Only jobs that were added before the call began.
        """
        return self._run(bulk.drain(self.name, delayed=delayed))

    def clean(
        self,
        grace: Duration = 0,
        *,
        limit: int | None = None,
        status: Statuses = "completed",
    ) -> int:
        """Remove jobs of these statuses, settled ones only if longer ago than `grace`.

        Never removes a job that runs. At most `limit`; how many went.
        """
        return self._run(bulk.clean(self.name, grace, limit=limit, status=status))

    def obliterate(self, *, force: bool = False) -> int:
        """Remove the queue and every job that is in it now; how many jobs went.

        Refuses with `IllegalTransition` when it finds that a job is active; what it has removed
        until then stays removed. With `force` the finish of such a job is rejected. Jobs that
        are added meanwhile stay, and with them the queue.
        """
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
        """Retry settled jobs in the order of their adding, those settled before a moment."""
        transactions = bulk.retry_many(
            self.name, status=status, before=before, limit=limit, reset_attempts=reset_attempts
        )
        return self._run(transactions)

    def promote_many(self, *, limit: int | None = None) -> int:
        """Make delayed jobs ready now, in the order of their adding."""
        return self._run(bulk.promote_many(self.name, limit=limit))

    def events(
        self,
        *,
        after: int | None = None,
        types: Iterable[EventType | str] = (),
        job_id: str | None = None,
        follow: bool = True,
    ) -> Iterator[Event]:
        """The queue's events behind the cursor `after` (an event's id; 0 is the beginning).

        Without `after`, from the first step of the loop on. With `follow` it goes on for
        ever, else it ends at the newest. At least once, in order, nothing skipped.
        """
        wanted, cursor = event_filter(self.name, job_id, types), checked_cursor(after)
        stream = SyncEventStream(store=self._services.store, wakeup=self._services.wakeup)
        return stream.read(cursor, wanted, follow=checked_flag(follow, "follow"))

    def _run(self, transactions: Transactions[int]) -> int:
        return run_transactions_sync(self._services.store, transactions)

    def _handle(self, added: Added) -> SyncJobHandle:
        return SyncJobHandle(added.job, self._services, is_new=added.is_new)

    def _add_within(self, connection: Any, news: Sequence[NewJob]) -> list[SyncJobHandle]:
        work = partial(add_jobs, wanted=news, unregistered=frozenset({self.name}))
        added = self._services.store.within(connection, work)
        return [self._handle(one) for one in added]
