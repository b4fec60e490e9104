"""Leases and a scheduler under a clock that somebody sets."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import pytest

from errands import Errands, JobHandle, JobNotFound, JobStatus, Queue
from errands.core.application.use_cases.report import renew
from errands.core.application.use_cases.settle import WorkerCycle, run_cycle
from errands.core.domain.job.job import Job
from errands.core.domain.job.lease import Claim
from errands.core.ports.lease_repository import Held
from errands.testing import FakeClock
from tests.contract.steps import kinds
from tests.faults.looking import until

HOUR = timedelta(hours=1)
LENGTHS = [timedelta(seconds=30), timedelta(seconds=120)]
PATIENCE_SECONDS = 10
A_FEW_LOOKS = 0.3
POLL = timedelta(seconds=0.02)


class Machine:
    """A wall clock that can be set, and a monotonic one that cannot."""

    def __init__(self, app: Errands, clock: FakeClock) -> None:
        self.app = app
        self.clock = clock
        self._began = clock.now
        self._set_by = timedelta(0)

    def monotonic(self) -> float:
        return (self.clock.now - self._began - self._set_by).total_seconds()

    def set_clock(self, by: timedelta) -> None:
        self._set_by += by
        self.clock.jump(by)

    @asynccontextmanager
    async def scheduler(self, **how: timedelta) -> AsyncGenerator[None]:
        scheduler = self.app.container.scheduler(poll=POLL, monotonic=self.monotonic, **how)
        running = asyncio.ensure_future(scheduler.run())
        await asyncio.sleep(A_FEW_LOOKS)
        try:
            yield
        finally:
            await scheduler.close()
            await running

    async def claim(self, length: timedelta) -> Job:
        token = self.app.container.ids().token()
        claim = Claim("default", 1, "somebody", token, length)
        turn = WorkerCycle(claims=(claim,), free=1)
        result = await self.app.container.store().transact(partial(run_cycle, cycle=turn))
        return result.claimed[0]

    async def renews(self, job: Job, length: timedelta) -> bool:
        """Whether its worker still has the lease, which it prolongs."""
        work = partial(renew, held=[Held(job.key, job.token or "")], lease=length)
        return not (await self.app.container.store().transact(work)).lost

    async def go_on(self, span: timedelta) -> None:
        """Let time pass, by small steps, in each of which there is time for a look."""
        for _ in range(10):
            self.clock.advance(span / 10)
            await asyncio.sleep(3 * POLL.total_seconds())


@pytest.fixture
def machine(app: Errands, clock: FakeClock) -> Machine:
    return Machine(app, clock)


@pytest.mark.parametrize("length", LENGTHS, ids=str)
@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=str)
async def test_a_living_worker_keeps_its_lease_when_the_clock_is_set(
    machine: Machine, queue: Queue, length: timedelta, by: timedelta
) -> None:
    await queue.add("x")
    job = await machine.claim(length)
    async with machine.scheduler():
        await machine.go_on(length / 2)
        assert await machine.renews(job, length)

        machine.set_clock(by)
        await machine.go_on(length / 2)

        assert await machine.renews(job, length)


@pytest.mark.parametrize("length", LENGTHS, ids=str)
@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=str)
async def test_who_comes_right_after_the_clock_was_set_takes_no_living_lease(
    machine: Machine, queue: Queue, length: timedelta, by: timedelta
) -> None:
    await queue.add("x")
    job = await machine.claim(length)
    machine.set_clock(by)

    async with machine.scheduler():
        await machine.go_on(length / 2)

        assert await machine.renews(job, length)


@pytest.mark.parametrize("is_late", [True, False], ids=["comes later", "was there"])
@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=str)
async def test_a_worker_that_died_before_the_clock_was_set_is_found_within_a_length(
    machine: Machine, queue: Queue, by: timedelta, *, is_late: bool
) -> None:
    added = await queue.add("x")
    await machine.claim(LENGTHS[0])
    if is_late:
        machine.set_clock(by)
    async with machine.scheduler():
        if not is_late:
            machine.set_clock(by)
            await asyncio.sleep(A_FEW_LOOKS)

        await machine.go_on(LENGTHS[0] + timedelta(seconds=1))

        await is_waiting(machine, added)
        assert added.crashes == 1


DAYS = timedelta(days=8)
KEPT = timedelta(minutes=30)


async def test_a_clock_that_is_days_ahead_for_a_while_removes_nothing_for_its_age(
    machine: Machine, queue: Queue
) -> None:
    job = await settled(queue)
    async with machine.scheduler(retention_every=POLL):
        machine.set_clock(DAYS)
        await machine.go_on(timedelta(minutes=1))
        machine.set_clock(-DAYS)
        await machine.go_on(timedelta(minutes=1))

        assert await is_there(job)
        assert await kinds(queue) == ["added", "cancelled"]


async def test_an_hour_after_the_clock_was_set_what_is_old_is_removed(
    machine: Machine, queue: Queue
) -> None:
    job = await settled(queue)
    async with machine.scheduler(retention_every=POLL):
        machine.set_clock(DAYS)
        await machine.go_on(timedelta(minutes=9))
        assert await is_there(job)

        for _ in range(13):
            await machine.go_on(timedelta(minutes=9))

        await until(lambda: is_there(job), False)
        # The newest event stays: it says where the log has come to.
        await until(lambda: kinds(queue), ["cancelled"])


async def settled(queue: Queue) -> JobHandle:
    """A job that is kept for half an hour."""
    job = await queue.add("x", keep_failed=KEPT)
    await job.cancel()
    return job


async def is_there(job: JobHandle) -> bool:
    try:
        await job.refresh()
    except JobNotFound:
        return False
    return True


async def is_waiting(machine: Machine, job: JobHandle) -> None:
    """Time goes on: a store that is slow in the time of this machine is one to be wary of."""
    end = time.monotonic() + PATIENCE_SECONDS
    while (await job.refresh()).status is not JobStatus.WAITING:
        assert time.monotonic() < end
        machine.clock.advance(0.5)
        await asyncio.sleep(0.05)
