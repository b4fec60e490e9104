"""A worker wakes for what is committed in callers' transactions, those of its own program too."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from errands import Errands
from tests import stores
from tests.faults.site import Site, site_of

NO_POLL = 60.0
"""Seconds between the polls of a worker that has to be woken."""
SOON = 10.0
"""Seconds for which a busy machine may take; unwoken it takes a minute."""


@pytest.fixture(params=["sqlite", *stores.SERVERS])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """An empty database on each store that has SQL."""
    with site_of(str(request.param), tmp_path) as site:
        yield site


async def test_an_add_in_a_callers_transaction_wakes_the_worker_of_the_same_program(
    site: Site,
) -> None:
    app = Errands(site.url)

    @app.handler("x")
    async def answer(data: int) -> int:
        return data

    async with app, app.worker(poll=NO_POLL, idle_poll=NO_POLL):
        await (await app.queue().add("x", 0)).result(timeout=SOON)
        for number in (1, 2, 3):
            with site.connection() as connection, connection.begin():
                job = await app.queue().add("x", number, connection=connection)
            assert await _result(app, job.id) == number


async def _result(app: Errands, job_id: str) -> object:
    """The result, looked for by itself: what wakes those who wait for it is not the question."""
    async with asyncio.timeout(SOON):
        while True:
            job = await app.queue().get(job_id)
            if job.status == "completed":
                return job.return_value
            await asyncio.sleep(0.02)
