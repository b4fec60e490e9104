"""Verbs over many jobs while others add, claim and retry between their units."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import pytest

from errands import Errands, JobStatus, Queue
from errands.core.application.use_cases.settle import WorkerCycle, run_cycle
from errands.core.domain.errors import IllegalTransition
from errands.core.domain.job.lease import Claim
from errands.core.ports.store import Store, Work
from errands.testing import FakeClock, FaultyStore
from tests.contract.steps import claim_and_vanish

T = TypeVar("T")
BETWEEN = Callable[[], Awaitable[object]]
PAGE = 501
"""More jobs than a unit of a bulk verb is for."""


class Crowded(FaultyStore):
    """A store on which somebody else does something before each unit of a bulk verb."""

    def __init__(self, store: Store, between: BETWEEN, most: int) -> None:
        super().__init__(store)
        self.between = between
        self.most = most
        self.units = 0

    async def transact(
        self, work: Work[T], *, is_large: bool = False, is_repeatable: bool = False
    ) -> T:
        self.units += 1
        assert self.units <= 10, "it has no end"
        if self.units <= self.most:
            await self.between()
        return await super().transact(work, is_large=is_large, is_repeatable=is_repeatable)


def beside(app: Errands, between: BETWEEN, *, most: int = 10) -> tuple[Queue, Crowded]:
    """The queue as another program sees it, and its store."""
    crowded = Crowded(app.container.store(), between, most)
    return Errands(store=crowded).queue(), crowded


def another_program(app: Errands) -> Errands:
    """Another program on the same database, which remembers queues by itself."""
    return Errands(store=app.container.store())


async def many(queue: Queue, count: int = PAGE) -> Any:
    """Add as many jobs."""
    return await queue.add_many([("x", None)] * count)


@pytest.mark.parametrize("verb", ["drain", "clean", "obliterate"])
async def test_it_ends_beside_a_producer_and_leaves_what_was_added_later(
    app: Errands, queue: Queue, verb: str
) -> None:
    await many(queue, 3)
    same_queue, store = beside(app, partial(many, queue), most=4)
    calls: dict[str, Callable[[], Awaitable[int]]] = {
        "drain": same_queue.drain,
        "clean": partial(same_queue.clean, status="waiting"),
        "obliterate": same_queue.obliterate,
    }

    removed = await calls[verb]()

    added = 3 + PAGE * min(4, store.units)
    left = (await queue.counts())[JobStatus.WAITING].value
    assert removed + left == added
    assert left >= PAGE
    assert [summary.name for summary in await app.queues()] == ["default"]


async def test_a_job_that_was_retried_meanwhile_is_not_cleaned(app: Errands, queue: Queue) -> None:
    jobs = await many(queue, 3)
    for job in jobs:
        await job.cancel()

    async def retry_all() -> None:
        for job in jobs:
            await job.retry()

    removed = await beside(app, retry_all, most=1)[0].clean(status="cancelled")

    assert removed == 0
    assert (await queue.counts())[JobStatus.WAITING].value == 3


async def test_a_queue_whose_jobs_were_claimed_meanwhile_is_not_obliterated(
    app: Errands, queue: Queue
) -> None:
    await many(queue, 3)

    async def claim_later() -> None:
        if store.units == 2:
            await claim_and_vanish(app, limit=3)

    same_queue, store = beside(app, claim_later)
    with pytest.raises(IllegalTransition):
        await same_queue.obliterate()

    assert (await queue.counts())[JobStatus.ACTIVE].value == 3
    assert [summary.name for summary in await app.queues()] == ["default"]


async def test_what_another_program_adds_to_an_obliterated_queue_is_seen_at_once(
    app: Errands, queue: Queue
) -> None:
    await queue.add("x")
    other = another_program(app)
    await other.queue().obliterate()
    assert await app.queues() == []
    await queue.add("x")

    assert [summary.name for summary in await other.queues()] == ["default"]


async def test_what_is_added_to_an_obliterated_queue_is_kept_by_its_count(
    app: Errands, queue: Queue
) -> None:
    await queue.add("x")
    await another_program(app).queue().obliterate()
    for job in await queue.add_many([("x", None, {"keep_failed": 1})] * 3):
        await job.cancel()

    await app.scheduler().sweep()

    assert (await queue.counts())[JobStatus.CANCELLED].value == 1


async def test_an_obliterated_queue_does_not_come_back_by_drained(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    await queue.add("x")
    await queue.obliterate()
    claim = Claim("default", 1, "worker", "token", timedelta(seconds=30))
    turn = WorkerCycle(claims=(claim,), free=1, worked={"default": clock()})

    app.container.store().transact_sync(partial(run_cycle, cycle=turn))

    assert await app.queues() == []


async def test_a_pause_is_gone_with_its_queue(app: Errands, queue: Queue) -> None:
    await queue.pause()
    await queue.add("x")
    await queue.obliterate()
    await another_program(app).queue().add("x")

    assert not await queue.is_paused()
    assert [summary.is_paused for summary in await app.queues()] == [False]


async def test_what_is_left_of_an_obliterated_queue_goes_in_the_end(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    await queue.add("x")
    await queue.obliterate()
    clock.advance(timedelta(hours=1))

    await app.scheduler().sweep()
    await queue.add("x")

    assert [summary.name for summary in await app.queues()] == ["default"]
