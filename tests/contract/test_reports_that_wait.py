"""What a run writes while the store is away: it waits, for as long as the run lasts."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from errands import (
    Errands,
    JobCancelled,
    JobContext,
    JobHandle,
    JobStatus,
    StoreUnusable,
    SyncJobContext,
)
from errands.core.application.use_cases.report import record, save_state
from errands.core.domain.store_errors import StoreBusy, StoreError, StoreUnavailable
from errands.core.ports.store import Store, Work
from errands.testing import FaultyStore
from tests.faults.looking import until

Write = Callable[[Any], Any]


class Unreported(FaultyStore):
    """Takes nothing that runs report; everything else works."""

    def __init__(self, store: Store, error: type[StoreError] = StoreUnavailable) -> None:
        super().__init__(store)
        self.error = error
        self.refused = 0
        self.break_down()

    def _checked(self, work: Work[Any]) -> Work[Any]:
        is_report = getattr(work, "func", None) in (record, save_state)
        if not is_report or not self._is_broken:
            return work

        def refuse(uow: object) -> None:
            self.refused += 1
            raise self.error(self.url, "by a test")

        return refuse


def written(context: Any, how: str) -> Any:
    return context.log("done") if how == "log" else context.save_state("done")


class Handlers:
    """A handler of each kind that writes one thing, and what it was told."""

    def __init__(self, app: Errands, how: str) -> None:
        self.told: list[BaseException] = []
        app.handler("in a task")(self.in_a_task)
        app.handler("in a thread")(self.in_a_thread)
        self._how = how

    async def in_a_task(self, data: object, context: JobContext) -> None:
        try:
            await written(context, self._how)
        except BaseException as error:
            self.told.append(error)
            raise

    def in_a_thread(self, data: object, context: SyncJobContext) -> None:
        try:
            written(context, self._how)
        except BaseException as error:
            self.told.append(error)
            raise


@asynccontextmanager
async def working(store: Store, how: str) -> AsyncGenerator[tuple[Errands, Handlers]]:
    async with Errands(store=store) as app:
        handlers = Handlers(app, how)
        async with app.worker():
            yield app, handlers


@pytest.fixture
async def plain(url: str) -> AsyncIterator[Errands]:
    async with Errands(url) as app:
        yield app


@pytest.mark.parametrize("kind", ["in a task", "in a thread"])
@pytest.mark.parametrize("how", ["log", "save_state"])
async def test_it_is_written_when_the_store_is_back_and_no_attempt_is_lost(
    plain: Errands, how: str, kind: str
) -> None:
    store = Unreported(plain.container.store())
    async with working(store, how) as (app, handlers):
        job = await app.queue().add(kind)
        await until(lambda: asyncio.sleep(0, store.refused >= 3), True)
        store.repair()

        await job.result(timeout=10)

        await job.refresh()
        assert (handlers.told, job.attempts_made, len(job.failures)) == ([], 1, 0)
        assert [line.text for line in await job.logs()] == ["done"] * (how == "log")
        assert job.state == ("done" if how == "save_state" else None)


async def test_progress_is_written_when_the_store_is_back(plain: Errands) -> None:
    store = Unreported(plain.container.store())
    async with Errands(store=store) as app:

        @app.handler("count")
        async def count(data: object, context: JobContext) -> None:
            await context.update_progress(1)
            await until(lambda: asyncio.sleep(0, store.refused >= 2), True)
            await context.update_progress(2)
            store.repair()
            events = app.queue().events(after=0, job_id=context.id, types=["progress"])
            assert [event.data async for event in _first(events)] == [{"value": 2}]

        async with app.worker():
            job = await app.queue().add("count", max_attempts=1)
            await job.result(timeout=10)
        assert (await job.refresh()).progress == 2


async def _first(events: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for event in events:
        yield event
        return


@pytest.mark.parametrize("kind", ["in a task", "in a thread"])
@pytest.mark.parametrize("end", ["cancel", "timeout", "stop"])
async def test_the_end_of_its_run_ends_the_waiting(plain: Errands, end: str, kind: str) -> None:
    store = Unreported(plain.container.store())
    async with Errands(store=store) as app:
        handlers = Handlers(app, "log")
        worker = app.worker(cancel_grace=60, renewal=0.5)
        async with worker:
            options = {"timeout": 0.3} if end == "timeout" else {}
            job = await app.queue().add(kind, max_attempts=1, **options)
            await until(lambda: asyncio.sleep(0, store.refused >= 1), True)
            started = time.monotonic()
            if end == "cancel":
                await job.cancel()
            if end == "stop":
                await worker.close(force=True)
            wanted = {
                "cancel": JobStatus.CANCELLED,
                "timeout": JobStatus.FAILED,
                "stop": JobStatus.WAITING,
            }
            await until(lambda: _status(job), wanted[end])
            await until(lambda: asyncio.sleep(0, len(handlers.told)), 1)

        assert time.monotonic() - started < 10
        [told] = handlers.told
        assert isinstance(told, asyncio.CancelledError if kind == "in a task" else JobCancelled)


async def _status(job: JobHandle) -> JobStatus:
    return (await job.refresh()).status


@pytest.mark.parametrize("kind", ["in a task", "in a thread"])
@pytest.mark.parametrize("error", [StoreUnusable, StoreBusy])
async def test_what_does_not_pass_or_may_be_its_own_lock_is_raised_at_once(
    plain: Errands, error: type[StoreError], kind: str
) -> None:
    store = Unreported(plain.container.store(), error)
    async with working(store, "save_state") as (app, handlers):
        job = await app.queue().add(kind, max_attempts=1)
        await until(lambda: _status(job), JobStatus.FAILED)

        assert [type(told) for told in handlers.told] == [error]
        assert store.refused == 1
