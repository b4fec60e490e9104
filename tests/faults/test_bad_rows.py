"""Values that no store keeps, and data that no handler can take."""

from collections.abc import AsyncIterator

import pytest

from errands import Errands, InvalidPayload, JobContext, JobStatus, Snooze
from errands.testing import FakeClock, application, run_until_idle
from tests.faults.looking import until_settled
from tests.faults.site import Site

MEBIBYTE = 1_048_576


@pytest.fixture
async def app(site: Site) -> AsyncIterator[Errands]:
    app = Errands(site.url)
    async with app:
        yield app


async def test_fifty_megabytes_are_refused_and_one_is_kept(app: Errands) -> None:
    with pytest.raises(InvalidPayload):
        await app.queue().add("x", "a" * 50_000_000)

    largest = "ä" * (MEBIBYTE // 2 - 1)
    kept = await app.queue().add("x", largest)

    assert (await app.queue().get(kept.id)).data == largest


@pytest.mark.long
async def test_many_large_ones_are_added_at_once(app: Errands) -> None:
    """More than any statement or packet may hold by default."""
    jobs = await app.queue().add_many([("x", "a" * 900_000)] * 45)

    assert (await app.queue().counts())[JobStatus.WAITING].value == 45
    assert len((await app.queue().get(jobs[-1].id)).data) == 900_000


async def test_a_traceback_of_a_megabyte_is_cut_and_the_row_stays_small(
    app: Errands, site: Site
) -> None:
    @app.handler("x")
    async def shout(data: object, context: JobContext) -> None:
        raise ValueError("\0\ud800" + "a" * MEBIBYTE)

    job = await app.queue().add("x", max_attempts=30, backoff=0)
    await run_until_idle(app)

    assert (await job.refresh()).status is JobStatus.FAILED
    assert (job.attempts_made, len(job.failures)) == (30, 10)
    [(size,)] = site.run("SELECT length(failures) FROM errands_job")
    assert size < 400_000


async def test_endless_snoozing_leaves_the_row_as_small_as_it_was(site: Site) -> None:
    app = application(site.url, clock=FakeClock())

    @app.handler("x")
    async def later(data: object, context: JobContext) -> Snooze:
        return Snooze(60)

    async with app:
        twice = await app.queue().add("x", job_id="twice", max_starts=2)
        often = await app.queue().add("x", job_id="often", max_starts=40)
        await run_until_idle(app)

        assert ((await twice.refresh()).starts, (await often.refresh()).starts) == (2, 40)
        assert often.attempts_made == 0
        assert abs(_size_of_row(site, "often") - _size_of_row(site, "twice")) <= 20


def _size_of_row(site: Site, job_id: str) -> int:
    [row] = site.run("SELECT * FROM errands_job WHERE id = :id", id=job_id)
    return sum(len(str(value)) for value in row if value is not None)


@pytest.mark.parametrize("data", ["{", "?", ""])
async def test_data_that_no_longer_decodes_fails_its_job_only(
    site: Site, app: Errands, data: str
) -> None:
    app.handler("x")(_nothing)
    bad = await app.queue().add("x", job_id="bad", backoff=0)
    good = await app.queue().add("x")
    site.run("UPDATE errands_job SET data = :data WHERE id = 'bad'", data=data)

    async with app.worker(poll=0.1):
        await good.result(timeout=20)
        await until_settled(bad)

    assert bad.starts == bad.attempts_made <= 3
    assert bad.status is JobStatus.FAILED
    assert bad.failures


async def _nothing(data: object, context: JobContext) -> None:
    pass
