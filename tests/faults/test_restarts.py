"""Servers that stop, crash and come back while workers and producers go on."""

import asyncio
import time
from contextlib import suppress
from typing import Any

import pytest

from errands import (
    Errands,
    EventType,
    JobContext,
    JobHandle,
    JobStatus,
    StoreError,
    StoreReadOnly,
    StoreUnavailable,
    SyncJobContext,
)
from tests.faults.crew import Crew
from tests.faults.looking import all_jobs, told, until_done
from tests.faults.own_postgresql import OwnPostgresql
from tests.faults.own_server import OwnServer, require
from tests.faults.site import Site, examined, site_on_own

FEWEST = 25
QUICK: dict[str, Any] = {"lease": 1.0, "renewal": 0.25, "poll": 0.2, "idle_poll": 0.2}


@pytest.mark.parametrize(
    "how", [*(pytest.param(how, marks=[pytest.mark.long]) for how in ("stop", "crash")), "kill"]
)
async def test_a_restarted_server_loses_nothing_and_its_workers_go_on(
    own: OwnServer, own_site: Site, how: str
) -> None:
    app = Errands(own_site.url)
    app.handler("x")(_take_a_moment)
    async with app, app.worker(**QUICK) as worker:
        acknowledged: set[str] = set()
        adding = asyncio.ensure_future(_add_for(app, 3.0, acknowledged))
        await asyncio.sleep(0.7)
        await asyncio.to_thread(getattr(own, how))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(own.start)
        await adding
        await until_done(app)

        assert worker.is_running
        await _is_as_if_nothing_had_happened(app, acknowledged)


@pytest.mark.long
async def test_handlers_that_report_lose_no_attempt_to_a_restart(
    own: OwnServer, own_site: Site
) -> None:
    app, is_back = Errands(own_site.url), asyncio.Event()

    async def report(data: object, context: JobContext) -> int:
        lines = 0
        while lines < FEWEST or not is_back.is_set():
            lines = await context.log("line")
            await context.save_state(lines)
            await context.update_progress(lines)
        return context.starts

    def report_in_a_thread(data: object, context: SyncJobContext) -> int:
        lines = 0
        while lines < FEWEST or not is_back.is_set():
            lines = context.log("line")
            context.save_state(lines)
            context.update_progress(lines)
        return context.starts

    app.handler("in a task")(report)
    app.handler("in a thread")(report_in_a_thread)
    async with app, app.worker(**QUICK):
        jobs = await app.queue(max_attempts=1).add_many(
            [("in a task", None), ("in a thread", None)] * 3
        )
        for how in ("stop", "kill"):
            await asyncio.sleep(0.7)
            await asyncio.to_thread(getattr(own, how))
            await asyncio.sleep(0.5)
            await asyncio.to_thread(own.start)
        is_back.set()

        assert [await job.result(timeout=30) for job in jobs] == [1] * len(jobs)
        assert [(await job.refresh()).progress for job in jobs] == [job.state for job in jobs]
        assert examined(app) == []


@pytest.mark.timeout(120)
@pytest.mark.long
async def test_worker_processes_outlive_a_restart(
    own: OwnServer, own_site: Site, own_crew: Crew
) -> None:
    workers = [own_crew.ready("work", 1) for _ in range(2)]
    async with Errands(own_site.url) as app:
        before = await app.queue().add("job")
        assert await before.result(timeout=30) == 1

        await asyncio.to_thread(own.kill)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(own.start)

        started = time.monotonic()
        after = await app.queue().add("job")
        assert await after.result(timeout=30) == 1
        assert time.monotonic() - started < 10
        assert all(worker.is_alive for worker in workers)
        own_crew.dismiss()


@pytest.mark.long
async def test_a_killed_session_of_the_server_ends_all_and_loses_nothing(
    own_postgresql: OwnPostgresql,
) -> None:
    """PostgreSQL ends every session and recovers when one of its processes is killed."""
    with site_on_own(own_postgresql) as site:
        app = Errands(site.url)
        app.handler("x")(_take_a_moment)
        async with app, app.worker(**QUICK):
            acknowledged: set[str] = set()
            adding = asyncio.ensure_future(_add_for(app, 2.0, acknowledged))
            await asyncio.sleep(0.5)
            [(pid,)] = site.run(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'errands' LIMIT 1"
            )
            own_postgresql.kill_a_backend(pid)
            await adding
            await until_done(app)

            await _is_as_if_nothing_had_happened(app, acknowledged)


async def test_a_server_that_is_not_there_is_told_at_once_and_without_its_password() -> None:
    for scheme in ("postgresql",):
        app = Errands(f"{scheme}://me:secret@127.0.0.1:1/jobs")

        with pytest.raises(StoreUnavailable) as told_:
            await app.initialize()

        assert "secret" not in str(told_.value)


@pytest.mark.timeout(120)
@pytest.mark.long
async def test_a_primary_that_became_a_standby_is_read_only_until_it_is_promoted() -> None:
    """Half of a failover: the server comes back as one that takes no writes."""
    require(OwnPostgresql)
    with OwnPostgresql() as server, site_on_own(server) as site:
        app = Errands(site.url)
        app.handler("x")(_take_a_moment)
        async with app, app.worker(**QUICK) as worker:
            await (await app.queue().add("x")).result(timeout=20)
            server.stop()
            server.demote()
            server.start()

            with pytest.raises(StoreReadOnly):
                await app.queue().add("x")
            await asyncio.sleep(1)
            assert worker.is_running

            server.promote()
            added = await _add_as_soon_as_possible(app)
            await added.result(timeout=20)


async def _add_for(app: Errands, seconds: float, acknowledged: set[str]) -> None:
    """Add under own ids; what fails is tried again, as any caller would."""
    queue = app.queue(max_crashes=100)
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end or len(acknowledged) < FEWEST:
        with suppress(StoreError):
            acknowledged.add((await queue.add("x", job_id=f"job-{number}")).id)
            number += 1
        await asyncio.sleep(0.01)


async def _add_as_soon_as_possible(app: Errands) -> JobHandle:
    while True:
        with suppress(StoreError):
            return await app.queue().add("x")
        await asyncio.sleep(0.1)


async def _is_as_if_nothing_had_happened(app: Errands, acknowledged: set[str]) -> None:
    jobs = await all_jobs(app)
    assert len(acknowledged) >= FEWEST
    assert acknowledged <= {job.id for job in jobs}
    assert {job.status for job in jobs} == {JobStatus.COMPLETED}
    assert await told(app, EventType.COMPLETED) == {job.id: 1 for job in jobs}
    assert all(job.attempts_made == 1 for job in jobs)
    assert examined(app) == []


async def _take_a_moment(data: object, context: JobContext) -> int:
    await asyncio.sleep(0.02)
    return context.starts
