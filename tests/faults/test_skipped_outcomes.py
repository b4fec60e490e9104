"""Outcomes whose row a trigger skips in silence: the write is taken, and nothing is kept of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from errands import Errands, JobStatus, StoreRefused, SyncJobContext
from tests.faults.looking import until_settled
from tests.faults.refusing import FORBIDDEN, end_together, skip_where
from tests.faults.site import Site

ENDS = "NEW.id = 'bad' AND OLD.status = 'active' AND NEW.status = 'completed'"

pytestmark = [
    pytest.mark.parametrize("store_name", ["sqlite", "postgresql"], indirect=True),
    pytest.mark.timeout(60),
]


@pytest.fixture
async def app(site: Site) -> AsyncIterator[Errands]:
    app = Errands(site.url)
    async with app:
        yield app


async def test_a_result_whose_row_is_skipped_fails_its_job_and_no_other(
    app: Errands, site: Site
) -> None:
    skip_where(site, ENDS)
    end_together(app, 10)
    bad = await app.queue().add("together", FORBIDDEN, job_id="bad", max_attempts=2, backoff=0)
    good = await app.queue().add_many([("together", number) for number in range(9)])

    async with app.worker(poll=0.1):
        results = await asyncio.gather(*(job.result(timeout=20) for job in good))
        await until_settled(bad)

    assert results == list(range(9))
    assert (bad.status, bad.attempts_made, bad.starts) == (JobStatus.FAILED, 2, 2)
    assert "a trigger may have skipped the row" in bad.reason


async def test_a_run_whose_every_end_is_skipped_is_let_go_and_ends_by_its_lease(
    app: Errands, site: Site
) -> None:
    skip_where(site, "NEW.id = 'bad' AND NEW.status <> OLD.status AND NEW.crashes = 0 "
                     "AND OLD.status = 'active'")  # fmt: skip
    end_together(app, 4)
    bad = await app.queue().add("together", FORBIDDEN, job_id="bad", max_crashes=0)
    good = await app.queue().add_many([("together", number) for number in range(3)])

    async with app.worker(poll=0.1, lease=1, renewal=0.2):
        results = await asyncio.gather(*(job.result(timeout=20) for job in good))
        await until_settled(bad)

    assert results == [0, 1, 2]
    assert (bad.status, bad.starts) == (JobStatus.FAILED, 1)
    assert "TooManyCrashes" in bad.reason


async def test_a_completion_within_a_transaction_whose_row_is_skipped_is_refused(
    app: Errands, site: Site
) -> None:
    skip_where(site, ENDS)
    told = list[Exception]()

    @app.handler("within")
    def complete(data: object, context: SyncJobContext) -> None:
        try:
            with site.connection() as connection:
                context.complete_in(connection, data)
        except StoreRefused as error:
            told.append(error)
            raise

    bad = await app.queue().add("within", job_id="bad", max_attempts=1)
    async with app.worker(poll=0.1):
        await until_settled(bad)

    assert (bad.status, len(told)) == (JobStatus.FAILED, 1)
