"""Stores that are away for longer than a lease while their workers live."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from errands import Errands, JobHandle
from errands.core.application.use_cases.report import renew
from errands.core.application.use_cases.settle import WorkerCycle, run_cycle
from errands.core.domain.job.lease import Claim
from errands.core.ports.lease_repository import Held
from tests.faults.crew import Crew
from tests.faults.looking import until
from tests.faults.own_server import OwnServer
from tests.faults.site import Site, examined, site_of
from tests.faults.test_sqlite_file import small_disk

LEASE = 2.0
AWAY = 2 * LEASE
JOBS = 6

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_a_renewal_soon_after_a_server_is_back_is_in_time(
    own: OwnServer, own_site: Site, how: str
) -> None:
    async with Errands(own_site.url) as app, slow_to_renew(app):
        await go_away(own, how)


async def test_a_renewal_soon_after_a_lock_is_given_up_is_in_time(tmp_path: Path) -> None:
    with site_of("sqlite", tmp_path) as site:
        async with Errands(site.url) as app, slow_to_renew(app):
            with site.frozen():
                await asyncio.sleep(AWAY)


async def test_a_disk_that_was_full_for_longer_than_a_lease_starts_no_job_twice(
    tmp_path: Path,
) -> None:
    with (
        small_disk(tmp_path / "small", 8) as disk,
        site_of("sqlite", disk) as site,
        Crew(site.url) as crew,
    ):
        async with Errands(site.url) as app, undisturbed(app, crew):
            filler = disk / "filler"
            await asyncio.to_thread(fill, filler)
            await asyncio.sleep(AWAY)
            filler.unlink()


async def test_a_server_that_was_away_for_longer_than_a_lease_starts_no_job_twice(
    own: OwnServer, own_site: Site, own_crew: Crew
) -> None:
    async with Errands(own_site.url) as app, undisturbed(app, own_crew):
        await go_away(own, "killed")


async def test_a_worker_that_died_in_an_outage_is_found(
    own: OwnServer, own_site: Site, own_crew: Crew
) -> None:
    async with Errands(own_site.url) as app:
        job = await app.queue().add("finish", 30.0)
        dying = own_crew.ready("work", LEASE)
        await dying.says(f"started {job.id}")
        own_crew.ready("work", LEASE)

        with own.frozen():
            dying.kill()
            await asyncio.sleep(AWAY)

        await until(lambda: has_started(job, 2), True)


async def test_workers_that_are_stopped_together_take_no_job_from_each_other(
    site: Site, crew: Crew
) -> None:
    """As on a machine that is paused, in the moment in which they watch a dead worker's lease."""
    async with Errands(site.url) as app:
        lost = await app.queue().add("finish", 60.0)
        dying = crew.ready("work", LEASE, 1)
        await dying.says(f"started {lost.id}")
        jobs = await app.queue().add_many([("finish", 3 * AWAY)] * 2)
        living = [crew.ready("work", LEASE, 1) for _ in jobs]
        for job in jobs:
            await until(partial(has_started, job, 1), True)
        await asyncio.sleep(LEASE)
        dying.kill()
        await asyncio.sleep(0.6 * LEASE)

        with living[0].frozen(), living[1].frozen():
            await asyncio.sleep(AWAY)

        for job in jobs:
            assert await job.result(timeout=60) == "finished"
        assert [(await job.refresh()).starts for job in jobs] == [1, 1]


@asynccontextmanager
async def undisturbed(app: Errands, crew: Crew) -> AsyncGenerator[None]:
    """A worker runs jobs while the block runs; each job runs once all the same.

    Its leases are renewed as rarely as may be, and several schedulers look often: as soon as
    the store is back, each of them is likely to come before the worker.
    """
    jobs = await app.queue().add_many([("finish", 2 * AWAY)] * JOBS)
    crew.ready("work", LEASE, JOBS, 0.2, LEASE / 2)
    for job in jobs:
        await until(partial(has_started, job, 1), True)
    schedulers = [app.container.scheduler(poll=timedelta(seconds=0.1)) for _ in range(4)]
    async with asyncio.TaskGroup() as tasks:
        for scheduler in schedulers:
            tasks.create_task(scheduler.run())
        await asyncio.sleep(LEASE)

        yield

        for job in jobs:
            assert await job.result(timeout=60) == "finished"
        for scheduler in schedulers:
            await scheduler.close()
    assert [(job.starts, job.crashes) for job in jobs] == [(1, 0)] * JOBS
    crew.dismiss()
    assert examined(app) == []


@asynccontextmanager
async def slow_to_renew(app: Errands) -> AsyncGenerator[None]:
    """A worker that renews its lease before the block, and half a length after it."""
    await app.queue().add("x")
    store = app.container.store()
    claim = Claim("default", 1, "slow", app.container.ids().token(), timedelta(seconds=LEASE))
    turn = WorkerCycle(claims=(claim,), free=1)
    [job] = (await store.transact(partial(run_cycle, cycle=turn))).claimed
    renewing = partial(renew, held=[Held(job.key, claim.token)], lease=claim.lease)
    scheduler = app.container.scheduler(poll=timedelta(seconds=0.05))
    running = asyncio.ensure_future(scheduler.run())
    for _ in range(4):
        await asyncio.sleep(LEASE / 2)
        assert not (await store.transact(renewing)).lost

    yield

    await asyncio.sleep(LEASE / 2)
    assert not (await store.transact(renewing)).lost
    await scheduler.close()
    await running
    assert (await app.get(job.id)).crashes == 0


async def go_away(server: OwnServer, how: str) -> None:
    """Be away for longer than a lease, and come back."""
    if how == "frozen":
        with server.frozen():
            await asyncio.sleep(AWAY)
    else:
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(AWAY)
        await asyncio.to_thread(server.start)


async def has_started(job: JobHandle, times: int) -> bool:
    return (await job.refresh()).starts == times


def fill(path: Path) -> None:
    """Leave no room on a disk."""
    with path.open("wb", buffering=0) as file:
        for size in (1_000_000, 4_096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
