"""Cancelling jobs that have not begun, that run, and that do not listen."""

import asyncio
import threading
from typing import Any

import pytest

from errands import Errands, IllegalTransition, JobCancelled, JobStatus, Queue, SyncJobContext
from errands.testing import FakeClock, run_until_idle
from tests.contract.steps import claim_and_vanish, kinds


@pytest.mark.parametrize("delay", [0, 60])
async def test_a_job_that_does_not_run_is_cancelled_at_once(
    app: Errands, queue: Queue, delay: float
) -> None:
    job = await queue.add("send", delay=delay)

    await job.cancel("changed my mind")

    assert (job.status, job.reason) == (JobStatus.CANCELLED, "changed my mind")
    assert (await kinds(queue, job))[-1] == "cancelled"
    with pytest.raises(JobCancelled, match="changed my mind"):
        await job.result(timeout=1)
    assert await claim_and_vanish(app) == []


async def test_a_settled_job_cannot_be_cancelled(queue: Queue) -> None:
    job = await queue.add("send")
    await job.cancel()

    with pytest.raises(IllegalTransition):
        await job.cancel()


async def test_a_running_async_handler_is_cancelled(app: Errands, queue: Queue) -> None:
    began, cleaned_up = asyncio.Event(), asyncio.Event()

    @app.handler("hang")
    async def hang(data: Any) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned_up.set()

    async with app.worker(scheduler=False):
        job = await queue.add("hang", max_attempts=5)
        await asyncio.wait_for(began.wait(), 5)
        await job.cancel("enough")

        with pytest.raises(JobCancelled, match="enough"):
            await job.result(timeout=5)

    assert cleaned_up.is_set()
    assert (job.attempts_made, job.is_cancel_requested) == (0, True)
    assert await kinds(queue, job) == ["added", "active", "cancel_requested", "cancelled"]


async def test_a_running_sync_handler_sees_its_token(app: Errands, queue: Queue) -> None:
    began = threading.Event()
    seen: list[bool] = []

    @app.handler("hang")
    def hang(data: Any, context: SyncJobContext) -> None:
        began.set()
        seen.append(context.wait(10))
        seen.append(context.is_cancelled)
        context.check_cancelled()

    async with app.worker(scheduler=False):
        job = await queue.add("hang", max_attempts=5)
        await asyncio.to_thread(began.wait, 5)
        await job.cancel()

        with pytest.raises(JobCancelled):
            await job.result(timeout=5)

    assert seen == [True, True]
    assert (await job.refresh()).attempts_made in (0, 1)


async def test_a_run_that_completes_within_its_grace_is_completed(
    app: Errands, queue: Queue
) -> None:
    began = asyncio.Event()

    @app.handler("finish")
    async def finish(data: Any) -> str:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "done all the same"
        return ""

    async with app.worker(scheduler=False):
        job = await queue.add("finish")
        await asyncio.wait_for(began.wait(), 5)
        await job.cancel()
        assert await job.result(timeout=5) == "done all the same"

    assert (job.status, job.is_cancel_requested) == (JobStatus.COMPLETED, True)


async def test_a_run_that_ignores_its_cancel_is_given_up_and_fenced_off(
    app: Errands, queue: Queue
) -> None:
    began, let_go = threading.Event(), threading.Event()

    @app.handler("deaf")
    def deaf(data: Any) -> str:
        began.set()
        let_go.wait(10)
        return "too late"

    worker = app.worker(scheduler=False, cancel_grace=0.05, concurrency=1)
    async with worker:
        job = await queue.add("deaf")
        await asyncio.to_thread(began.wait, 5)
        await job.cancel("now")
        with pytest.raises(JobCancelled, match="now"):
            await job.result(timeout=5)

        assert worker.active == 1
        assert not worker.is_healthy
        let_go.set()

    assert (await job.refresh()).status is JobStatus.CANCELLED


async def test_a_flagged_job_never_comes_back_by_a_retry(app: Errands, queue: Queue) -> None:
    began = asyncio.Event()

    @app.handler("fail")
    async def fail(data: Any) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("while cleaning up") from None

    async with app.worker(scheduler=False):
        job = await queue.add("fail", max_attempts=5, backoff=0)
        await asyncio.wait_for(began.wait(), 5)
        await job.cancel("enough")
        with pytest.raises(JobCancelled):
            await job.result(timeout=5)

    assert job.reason == "enough"


async def test_a_flagged_job_whose_worker_vanished_ends_as_cancelled(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    job = await queue.add("send")
    await claim_and_vanish(app)
    await job.cancel("enough")
    assert job.status is JobStatus.ACTIVE

    clock.advance(30)
    await app.scheduler().sweep()

    assert (await job.refresh()).status is JobStatus.CANCELLED


async def test_a_cancelled_job_runs_again_only_by_retry(app: Errands, queue: Queue) -> None:
    @app.handler("send")
    async def send(data: Any) -> str:
        return "sent"

    job = await queue.add("send")
    await job.cancel()
    assert await run_until_idle(app) == 0

    await job.retry()
    await run_until_idle(app)

    assert await job.result(timeout=1) == "sent"
    assert not job.is_cancel_requested
