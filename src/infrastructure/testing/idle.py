"""Run what an application has to do, here and now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ...core.application.use_cases import read
from ...core.application.wake_event import WakeEvent
from ...core.domain.events import EventType
from ...core.domain.job.durations import Duration, duration
from ...core.domain.job.job import Job
from ...core.domain.job.status import JobStatus
from ...core.domain.job.unreadable import UnreadableJob
from ...core.ports.event_log import EventFilter
from ...core.ports.job_catalog import JobQuery
from ...core.ports.unit_of_work import UnitOfWork
from ..clock import host_clock
from ..di.application import Errands
from .clock import FakeClock

WITHIN: Final = timedelta(days=7)
BACKSTOP: Final = 0.05
"""Seconds after which the store is looked at even without a hint."""


async def run_until_idle(
    app: Errands,
    queues: str | Iterable[str] | None = None,
    *,
    within: Duration = WITHIN,
    timeout: Duration = 10,
    **settings: Any,
) -> int:
    """Run jobs in this process until none is left that could run; how many runs there were.

    With a `FakeClock` as the application's clock, delayed jobs (first delays, retries,
    snoozes) run too: the clock is moved on from one due job to the next, at most by
    `within`, and nobody sleeps. With the real clock they are left alone. Jobs of paused
    queues and jobs without a handler are left alone.

    `queues` as for `app.worker`, by default all that have a handler; `settings` are those
    of the worker, and `processor`. Raises `TimeoutError` if a run has not ended after
    `timeout` of real time.
    """
    async with asyncio.timeout(duration(timeout, "timeout").total_seconds()):
        return await _Errand(app, queues, settings).run(duration(within, "within"))


class _Errand:
    """A worker that is stopped as soon as it has nothing more to do."""

    def __init__(
        self, app: Errands, queues: str | Iterable[str] | None, settings: dict[str, Any]
    ) -> None:
        services = app.container.services()
        self._store, self._wakeup = services.store, services.wakeup
        self._registry = app.container.registry()
        self._has_processor = settings.get("processor") is not None
        self._clock = app.container.clock() or host_clock
        self._scheduler = app.scheduler()
        self._worker = app.worker(queues, scheduler=False, **settings)
        self._signal = WakeEvent()

    async def run(self, within: timedelta) -> int:
        start = await self._store.read(read.last_event_id)
        limit = self._store_time() + within
        unsubscribe = self._wakeup.subscribe(lambda _: True, self._signal.set)
        working = asyncio.ensure_future(self._worker.run(handle_signals=False))
        try:
            await asyncio.sleep(0)
            await self._scheduler.sweep()
            await self._settle_down(working)
            while (due := await self._next_due()) is not None and due <= limit:
                self._move_to(due)
                await self._scheduler.sweep()
                await self._settle_down(working)
        finally:
            unsubscribe()
            await self._worker.close(force=True)
            with suppress(asyncio.CancelledError):
                await working
        return await self._store.read(partial(_count_runs, after=start))

    async def _settle_down(self, working: asyncio.Future[None]) -> None:
        while await self._store.read(self._has_work):
            if working.done():
                await working
            await self._signal.wait(BACKSTOP)

    def _has_work(self, uow: UnitOfWork) -> bool:
        if uow.catalog.claimable(self._worker.queues, 1):
            return True
        active = _jobs(uow, self._worker.queues, JobStatus.ACTIVE)
        return any(job.worker == self._worker.id for job in active)

    async def _next_due(self) -> datetime | None:
        if not isinstance(self._clock, FakeClock):
            return None
        return await self._store.read(self._earliest)

    def _earliest(self, uow: UnitOfWork) -> datetime | None:
        delayed = _jobs(uow, self._served_now(uow), JobStatus.DELAYED)
        moments = (job.run_at for job in delayed if self._is_handled(job))
        return min((at for at in moments if at is not None), default=None)

    def _served_now(self, uow: UnitOfWork) -> list[str]:
        return [name for name in self._worker.queues if not uow.queues.peek(name).is_paused]

    def _is_handled(self, job: Job) -> bool:
        if isinstance(job, UnreadableJob):
            return False
        return self._has_processor or self._registry.find(job.queue, job.name) is not None

    def _move_to(self, moment: datetime) -> None:
        if isinstance(self._clock, FakeClock):
            self._clock.advance_to(moment)

    def _store_time(self) -> datetime:
        now: datetime = self._clock()
        return now


def _jobs(uow: UnitOfWork, queues: Sequence[str], status: JobStatus) -> list[Job]:
    found: list[Job] = []
    for queue in queues:
        query = JobQuery(queue=queue, statuses=frozenset({status}))
        after = None
        while True:
            page = uow.catalog.page(query, after=after, limit=500)
            found += page.jobs
            after = page.next
            if after is None:
                break
    return found


def _count_runs(uow: UnitOfWork, after: int) -> int:
    """Runs that a handler had; a job that nobody here handles was only looked at."""
    wanted = EventFilter(types=frozenset({EventType.ACTIVE, EventType.UNHANDLED}))
    runs = 0
    while page := uow.events.read(after, 500, wanted):
        runs += sum(1 if event.type is EventType.ACTIVE else -1 for event in page)
        after = page[-1].id
    return runs
