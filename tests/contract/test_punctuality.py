"""What falls due while something else is done is done at once, not at the next poll."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from errands import Errands, JobContext, JobHandle, JobStatus, Snooze
from errands.core.application.use_cases.settle import WorkerCycle, run_cycle
from errands.core.domain.job.lease import Claim

POLL = 20.0
"""So rare a look that a job which waits for it is missed by every test here."""
SOON = 8.0
APART = 0.01


@pytest.fixture
async def app(url: str) -> AsyncIterator[Errands]:
    """On the real clock."""
    async with Errands(url, poll=POLL, idle_poll=POLL) as app:
        yield app


def worker(app: Errands) -> Any:
    return app.worker("default", concurrency=20)


async def test_delayed_jobs_due_close_together_start_close_together(app: Errands) -> None:
    app.handler("x")(_run)
    async with worker(app):
        delays = [1 + APART * place for place in range(20)]
        jobs = await app.queue().add_many([("x", None, {"delay": delay}) for delay in delays])

        await _all_end_soon(jobs)


async def test_retries_and_snoozes_due_close_together_start_close_together(app: Errands) -> None:
    @app.handler("x")
    async def again(data: Any, context: JobContext) -> Any:
        if context.starts > 1:
            return None
        if context.id.startswith("snooze"):
            return Snooze(data)
        raise ValueError

    async with worker(app):
        options = [{"backoff": 1 + APART * place} for place in range(8)]
        jobs = await app.queue().add_many([("x", None, option) for option in options])
        ids = [{"job_id": f"snooze-{place}"} for place in range(8)]
        jobs += await app.queue().add_many(
            [("x", 1 + APART * place, option) for place, option in enumerate(ids)]
        )

        await _all_end_soon(jobs)


async def test_jobs_that_lapse_close_together_end_close_together(app: Errands) -> None:
    async with worker(app):
        await app.queue().pause()
        spans = [1 + APART * place for place in range(20)]
        jobs = await app.queue().add_many([("x", None, {"expires_in": span}) for span in spans])
        # A delayed job wakes the scheduler, as any would.
        await app.queue().add("x", delay=0.5)

        await _all_become(jobs, JobStatus.FAILED)


async def test_leases_that_end_close_together_are_taken_close_together(app: Errands) -> None:
    jobs = await app.queue().add_many([("x", None)] * 10)
    scheduler = app.container.scheduler(poll=timedelta(seconds=POLL))
    running = asyncio.ensure_future(scheduler.run())
    for place in range(10):
        token = app.container.ids().token()
        lease = timedelta(seconds=2 + APART * place)
        turn = WorkerCycle(claims=(Claim("default", 1, "lost", token, lease),), free=1)
        await app.container.store().transact(partial(run_cycle, cycle=turn))
    # A delayed job wakes the scheduler, as any would.
    await app.queue().add("x", delay=0.5)

    await _all_become(jobs, JobStatus.WAITING)

    await scheduler.close()
    await running


async def _run(data: object) -> None:
    return None


async def _all_end_soon(jobs: list[JobHandle]) -> None:
    async with asyncio.timeout(SOON):
        for job in jobs:
            await job.result()


async def _all_become(jobs: list[JobHandle], status: JobStatus) -> None:
    end = time.monotonic() + SOON
    while {(await job.refresh()).status for job in jobs} != {status}:
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
