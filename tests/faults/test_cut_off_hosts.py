"""A host that is cut off: nothing reaches it, nothing comes from it, and nobody is told."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from errands import Errands, EventType, JobHandle
from tests.faults.crew import Crew, Member
from tests.faults.hosts import Host
from tests.faults.looking import all_jobs, pickups, told, until, until_done
from tests.faults.site import Site, examined

LEASE: Final = 2.0
SWEEP: Final = 2.0
"""A scheduler looks for ended leases at least every second, and this machine is busy."""
QUIET: Final = 15.0
"""The longest that a server waits for the next word of a transaction."""
STALL: Final = 5.0
"""Longer than a busy machine lets a job wait, and shorter than a cut would."""
SERVED: Final = {
    "postgresql": "SELECT 1 FROM pg_stat_activity WHERE state = 'active'"
    " AND host(client_addr) = :address",
    "mariadb": "SELECT 1 FROM information_schema.processlist WHERE command = 'Query'"
    " AND host LIKE concat(:address, ':%')",
}
WAITING: Final = {
    "postgresql": "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock'",
    "mariadb": "SELECT 1 FROM information_schema.innodb_trx t"
    " JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id"
    " WHERE p.db = database() AND t.trx_state = 'LOCK WAIT'",
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("away", [10, pytest.param(45, marks=[pytest.mark.long])])
async def test_a_host_that_was_cut_off_has_lost_its_jobs_to_others_and_works_on(
    remote_site: Site,
    remote_crew: Crew,
    tmp_path: Path,
    tell: Callable[[str], None],
    away: float,
) -> None:
    hosts = remote_crew.hosts
    async with Errands(remote_site.url) as app:
        victim = remote_crew.ready("work", LEASE, 4, on=hosts[0])
        held = await app.queue().add_many([("await_once", str(tmp_path / "end"))] * 4)
        for _ in held:
            assert (await asyncio.to_thread(victim.line)).startswith("started ")
        for host in hosts[1:]:
            remote_crew.ready("work", LEASE, 8, on=host)

        # Not within a renewal: see the test below.
        with remote_site.frozen():
            hosts[0].cut_off()
            await until(lambda: _is_served(remote_site, hosts[0]), False)
        cut = datetime.now(UTC)
        async with _small_jobs(app):
            for job in held:
                assert await job.result(timeout=30) == 2
            again = max((job.started_at or cut) - cut for job in held).total_seconds()
            (tmp_path / "end").touch()
            await asyncio.sleep(away - (datetime.now(UTC) - cut).total_seconds())
            hosts[0].bring_back()
            back = time.monotonic()
            await _runs_something(victim)
            recovered = time.monotonic() - back
            # A claim that was on its way for ten seconds may have got a job and lost it at once.
            await until(lambda: _fenced(app, held), [1] * len(held))

        await until_done(app)
        longest = await _longest_wait(app, cut)
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
        assert longest < STALL
        assert recovered < QUIET
        await _settled_each_once(app)


@pytest.mark.long
@pytest.mark.timeout(120)
async def test_a_host_cut_off_within_a_transaction_keeps_no_row_locked_for_long(
    remote_site: Site,
    remote_crew: Crew,
    hosts: list[Host],
    tmp_path: Path,
    tell: Callable[[str], None],
) -> None:
    """The server cannot know that nobody will ever end this transaction."""
    async with Errands(remote_site.url) as app:
        held = await app.queue().add("await_once", str(tmp_path / "end"))
        victim = remote_crew.ready("work", LEASE, 1, on=hosts[0])
        await victim.says(f"started {held.id}")
        with remote_site.frozen():
            (tmp_path / "end").touch()
            await until(lambda: _waits_for_a_lock(remote_site), True)
            hosts[0].cut_off()
        cut = datetime.now(UTC)

        remote_crew.ready("work", LEASE, 8, on=hosts[1])
        async with _small_jobs(app):
            assert await held.result(timeout=30) == 2
            again = ((held.started_at or cut) - cut).total_seconds()
            hosts[0].bring_back()

        await until_done(app)
        longest = await _longest_wait(app, cut)
        remote_crew.dismiss()
        tell(
            f"{remote_site.name}, cut off within a transaction: its job ran elsewhere after"
            f" {again:.1f} s; others kept a job waiting for {longest:.2f} s at most"
        )
        assert again < QUIET + LEASE + SWEEP
        assert longest < STALL
        await _settled_each_once(app)


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


async def _longest_wait(app: Errands, since: datetime) -> float:
    """Of the jobs that were added since then, for their first start."""
    return max(wait for at, wait in await pickups(app) if at > since.timestamp())


async def _runs_something(worker: Member) -> None:
    """Wait until it begins a job."""
    line = await asyncio.to_thread(worker.line, 150)
    assert line.startswith("ran ")


async def _waits_for_a_lock(site: Site) -> bool:
    """Asked for more often than every 0.1 s, InnoDB repeats what it said before."""
    await asyncio.sleep(0.2)
    return await asyncio.to_thread(lambda: bool(site.run(WAITING[site.name])))


async def _fenced(app: Errands, held: list[JobHandle]) -> list[int]:
    """How often each of these runs was told that it had lost its lease."""
    lost = await told(app, EventType.LEASE_LOST)
    return [lost.get(job.id, 0) for job in held]


async def _is_served(site: Site, host: Host) -> bool:
    """Whether the server works on a statement that came from there before the cut."""
    return await asyncio.to_thread(lambda: bool(site.run(SERVED[site.name], address=host.address)))


async def _settled_each_once(app: Errands) -> None:
    """Assert that every job has one end, by the event log, and that the doctor finds nothing."""
    assert await told(app, EventType.COMPLETED) == {job.id: 1 for job in await all_jobs(app)}
    assert examined(app) == []
