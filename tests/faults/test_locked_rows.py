"""Rows of running jobs, or all of their table, locked by others for longer than their leases."""

import asyncio
from functools import partial

import pytest

from errands import Errands
from tests.faults.conftest import SERVERS
from tests.faults.crew import Crew
from tests.faults.looking import until
from tests.faults.site import Site
from tests.faults.test_outages import LEASE, has_started, undisturbed

TABLE_LOCKS = {
    "postgresql": ("LOCK TABLE errands_job IN SHARE MODE", "ROLLBACK"),
    "mariadb": ("LOCK TABLES errands_job READ", "UNLOCK TABLES"),
}

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(120),
    pytest.mark.parametrize("store_name", SERVERS, indirect=True),
]


async def test_jobs_that_were_locked_for_longer_than_their_leases_start_once(
    site: Site, crew: Crew
) -> None:
    async with Errands(site.url) as app, undisturbed(app, crew):
        with site.frozen():
            await asyncio.sleep(2 * LEASE)


async def test_jobs_whose_table_was_locked_for_longer_than_their_leases_start_once(
    site: Site, crew: Crew
) -> None:
    """As by CREATE INDEX: jobs can be read, on PostgreSQL locked as well, and not be changed."""
    locks, unlocks = TABLE_LOCKS[site.name]
    async with Errands(site.url) as app, undisturbed(app, crew):
        with site.connection() as connection:
            connection.exec_driver_sql(locks)
            await asyncio.sleep(1.25 * LEASE)
            connection.exec_driver_sql(unlocks)


async def test_a_worker_that_died_while_its_job_was_locked_is_found(site: Site, crew: Crew) -> None:
    async with Errands(site.url) as app:
        job = await app.queue().add("finish", 30.0)
        dying = crew.ready("work", LEASE)
        await until(partial(has_started, job, 1), True)
        crew.ready("work", LEASE)

        with site.frozen():
            dying.kill()
            await asyncio.sleep(2 * LEASE)
            assert await has_started(job, 1)

        await until(partial(has_started, job, 2), True)
