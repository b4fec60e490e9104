"""Clocks that are wrong.

No test sets the clock of a machine. It is moved inside one process, below everything that
asks Python for the time, while monotonic clocks go on: so it looks to that process.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from errands import Errands, JobStatus
from tests.faults.conftest import SERVERS
from tests.faults.crew import Crew
from tests.faults.looking import until_settled
from tests.faults.site import Site, examined

servers_only = pytest.mark.parametrize("store_name", SERVERS, indirect=True)
sqlite_only = pytest.mark.parametrize("store_name", ["sqlite"], indirect=True)


@servers_only
@pytest.mark.parametrize("seconds", [3_600, -3_600, 300])
@pytest.mark.long
async def test_a_host_with_a_wrong_clock_runs_nothing_early_or_late_on_a_server(
    site: Site, crew: Crew, seconds: int
) -> None:
    async with Errands(site.url) as app:
        worker = crew.ready("skewed", seconds)
        due = datetime.now(UTC) + timedelta(seconds=6)
        on_time = await app.queue().add("note", run_at=due)
        later = await app.queue().add("note", delay=1_800)

        await worker.says(f"ran {on_time.id}")

        await until_settled(on_time)
        assert on_time.started_at is not None
        # Far below what the clocks differ by, and above what a busy machine keeps it waiting.
        assert -2 < (on_time.started_at - due).total_seconds() < 30
        assert 0 < (datetime.now(UTC) - due).total_seconds() < 60
        assert (await later.refresh()).status is JobStatus.DELAYED


@servers_only
@pytest.mark.parametrize("seconds", [3_600, -3_600])
@pytest.mark.long
async def test_a_host_with_a_wrong_clock_takes_no_living_lease_on_a_server(
    site: Site, crew: Crew, seconds: int
) -> None:
    async with Errands(site.url) as app:
        job = await app.queue().add("finish", 3.0)
        right = crew.ready("work", 1)
        await right.says(f"started {job.id}")

        crew.ready("skewed", seconds)

        assert await job.result(timeout=30) == "finished"
        assert (job.starts, job.crashes) == (1, 0)
        crew.dismiss()
        assert examined(app) == []


@pytest.mark.parametrize("seconds", [3_600, -3_600])
@pytest.mark.long
async def test_a_clock_that_jumps_under_a_worker_costs_no_run(
    site: Site, crew: Crew, seconds: int
) -> None:
    """On SQLite, where the host's clock counts, a jump suspends expiry for one lease."""
    async with Errands(site.url) as app:
        worker = crew.ready("skewed", seconds, 2, "later")
        job = await app.queue().add("finish", 4.0)
        await worker.says(f"started {job.id}")
        # Its scheduler has seen both clocks by now.
        await asyncio.sleep(0.5)

        worker.tell("jump")
        await worker.says("moved")

        await until_settled(job)
        assert (job.status, job.starts, job.crashes) == (JobStatus.COMPLETED, 1, 0)


@sqlite_only
@pytest.mark.long
async def test_delayed_jobs_follow_the_wall_clock_on_sqlite(site: Site, crew: Crew) -> None:
    async with Errands(site.url) as app:
        job = await app.queue().add("note", delay=3_000)
        worker = crew.ready("skewed", 3_600, 2, "later")
        worker.tell("jump")
        await worker.says("moved")
        started = time.monotonic()

        await worker.says(f"ran {job.id}")

        assert time.monotonic() - started < 5
