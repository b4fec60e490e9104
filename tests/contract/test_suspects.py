"""A job that may be what kills its workers runs alone."""

import asyncio
from typing import Any

import pytest

from errands import Errands, JobContext, JobHandle, JobStatus, Queue
from errands.testing import FakeClock
from tests.contract.steps import LEASE, claim_and_vanish, kinds


async def suspects(app: Errands, queue: Queue, count: int, name: str = "x") -> list[JobHandle]:
    """Jobs of which each was lost with its worker as often as it may be."""
    jobs = await queue.add_many([(name, None, {"max_crashes": 1})] * count)
    assert len(await claim_and_vanish(app, queue.name, limit=count)) == count
    clock = app.container.clock()
    assert isinstance(clock, FakeClock)
    clock.advance(LEASE)
    await app.scheduler().sweep()
    for job in jobs:
        await job.refresh()
    assert [job.crashes for job in jobs] == [1] * count
    return jobs


@pytest.fixture
def beside(app: Errands) -> list[tuple[bool, int]]:
    """Of each run, in order: whether it is a suspect's, and how many others run meanwhile."""
    running: set[str] = set()
    seen: list[tuple[bool, int]] = []

    @app.handler("x")
    async def x(data: Any, context: JobContext) -> None:
        running.add(context.id)
        most = 0
        for _ in range(5):
            await asyncio.sleep(0.01)
            most = max(most, len(running) - 1)
        seen.append((context.crashes > 0, most))
        running.remove(context.id)

    return seen


async def test_suspects_run_one_after_the_other_and_everything_else_side_by_side(
    app: Errands, queue: Queue, beside: list[tuple[bool, int]]
) -> None:
    before = await suspects(app, queue, 3)
    after = await queue.add_many([("x", None)] * 6)

    async with app.worker("default", concurrency=4):
        for job in (*before, *after):
            await job.result(timeout=10)

    assert [most for is_suspect, most in beside if is_suspect] == [0, 0, 0]
    assert max(most for is_suspect, most in beside if not is_suspect) > 0
    assert [(job.starts, job.crashes) for job in before] == [(2, 1)] * 3


async def test_a_suspect_of_another_queue_waits_until_the_worker_is_empty(
    app: Errands, queue: Queue, beside: list[tuple[bool, int]]
) -> None:
    app.handler("x", queue="other")(_nothing)
    [suspect] = await suspects(app, queue, 1)
    jobs = await queue.add_many([("x", None, {"priority": 10})] * 3)

    async with app.worker(["other", "default"], concurrency=4):
        for _ in range(20):
            jobs.append(await app.queue("other").add("x"))
            await asyncio.sleep(0.01)
        for job in (suspect, *jobs):
            await job.result(timeout=10)

    assert [most for is_suspect, most in beside if is_suspect] == [0]


async def test_what_is_held_back_keeps_its_place_and_nothing_is_told_or_counted(
    app: Errands, queue: Queue
) -> None:
    [suspect] = await suspects(app, queue, 1)
    other = await queue.add("x")
    told = await kinds(queue, other)

    claimed = await claim_and_vanish(app, limit=2)

    assert [job.id for job in claimed] == [suspect.id]
    await other.refresh()
    assert (other.status, other.starts, other.worker) == (JobStatus.WAITING, 0, None)
    assert await kinds(queue, other) == told


async def test_a_suspect_that_is_all_there_is_runs_at_once_whatever_the_concurrency(
    app: Errands, queue: Queue, beside: list[tuple[bool, int]]
) -> None:
    [suspect] = await suspects(app, queue, 1)

    async with app.worker("default", concurrency=1):
        await suspect.result(timeout=10)

    assert beside == [(True, 0)]


async def _nothing(data: object) -> None:
    await asyncio.sleep(0.02)
