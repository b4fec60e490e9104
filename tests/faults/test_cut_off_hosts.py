"""A host that is cut off: nothing reaches it, nothing comes from it, and nobody is told."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import pytest

from errands import Errands, EventType, JobHandle
from tests.faults.crew import Crew, Member
from tests.faults.hosts import Host
from tests.faults.looking import pickups, told, until, until_done
from tests.faults.site import Site, examined

LEASE: Final = 2.0
SWEEP: Final = 2.0
"""A scheduler looks for ended leases at least every second, and this machine is busy."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("away", [8, pytest.param(45, marks=[pytest.mark.long])])
async def test_a_host_that_was_cut_off_has_lost_its_jobs_to_others_and_works_on(
    remote_site: Site,
    remote_crew: Crew,
    hosts: list[Host],
    tell: Callable[[str], None],
    away: float,
) -> None:
    async with Errands(remote_site.url) as app:
        victim = remote_crew.ready("work", LEASE, 4, on=hosts[0])
        held = await app.queue().add_many([("finish", LEASE + 2)] * 4)
        for _ in held:
            assert (await asyncio.to_thread(victim.line)).startswith("started ")
        for host in hosts[1:]:
            remote_crew.ready("work", LEASE, 8, on=host)

        async with _small_jobs(app):
            hosts[0].cut_off()
            cut = datetime.now(UTC)
            await until(lambda: _starts(held), [2] * len(held))
            again = max((job.started_at or cut) - cut for job in held).total_seconds()
            for job in held:
                assert await job.result(timeout=30) == "finished"
            await asyncio.sleep(away - (datetime.now(UTC) - cut).total_seconds())
            hosts[0].bring_back()
            back = time.monotonic()
            await _runs_something(victim)
            recovered = time.monotonic() - back
            await until(lambda: told(app, EventType.LEASE_LOST), {job.id: 1 for job in held})

        await until_done(app)
        longest = max(wait for _, wait in await pickups(app))
        remote_crew.dismiss()
        tell(
            f"{remote_site.name}, cut off for {away} s: its jobs ran elsewhere after {again:.1f} s"
            f" (lease {LEASE} s), it worked on {recovered:.1f} s after it was back;"
            f" others kept a job waiting for {longest:.2f} s at most"
        )
        for job in held:
            await job.refresh()
            assert (job.starts, job.crashes, job.attempts_made) == (2, 1, 1)
        assert again < LEASE + SWEEP
        assert longest < SWEEP
        assert examined(app) == []


@asynccontextmanager
async def _small_jobs(app: Errands) -> AsyncGenerator[None]:
    """Enough of them for everybody, until the block ends."""

    async def add() -> None:
        while True:
            await app.queue().add_many([("note", None)] * 10)
            await asyncio.sleep(0.1)

    adding = asyncio.ensure_future(add())
    try:
        yield
    finally:
        adding.cancel()


async def _starts(jobs: list[JobHandle]) -> list[int]:
    return [(await job.refresh()).starts for job in jobs]


async def _runs_something(worker: Member) -> None:
    """Wait until it begins a job."""
    line = await asyncio.to_thread(worker.line, 150)
    assert line.startswith("ran ")
