"""Many jobs: waiting, finished, added at once."""

import asyncio
import statistics
import time

import pytest

from errands import Errands, JobContext, JobStatus
from tests.faults.looking import until_done
from tests.faults.site import Site

BACKLOG = 500_000
FINISHED = 200_000


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_hundred_thousand_are_added_at_once_and_in_order(site: Site) -> None:
    async with Errands(site.url) as app:
        members = [("x", number) for number in range(100_000)]

        jobs = await app.queue().add_many(members)

        assert [job.data for job in jobs[::9_999]] == list(range(0, 100_000, 9_999))
        [(count, first, last)] = site.run(
            "SELECT count(*), min(sequence), max(sequence) FROM errands_job"
        )
        assert (count, last - first) == (100_000, 99_999)
        with pytest.raises(ValueError, match="name"):
            await app.queue().add_many([*members[:50_000], ("", 1)])
        assert site.run("SELECT count(*) FROM errands_job") == [(100_000,)]


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_backlog_slows_down_neither_claims_nor_other_queues(site: Site) -> None:
    app = Errands(site.url)
    app.handler("x", queue="small")(_nothing)
    app.handler("x")(_nothing)
    async with app:
        await app.queue().add_many([("x", None)] * 1_000)
        before = await _seconds_of_one(app, "small")
        multiply(site, BACKLOG)

        after = await _seconds_of_one(app, "small")
        assert after < 5 * before + 0.05

        async with app.worker(poll=0.1, concurrency=10):
            await asyncio.sleep(2)
        done = (await app.queue().counts())[JobStatus.COMPLETED].value
        assert done > 200


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_finished_jobs_slow_down_nothing_and_go_in_bounded_batches(site: Site) -> None:
    app = Errands(site.url, retention_every=0.2)
    app.handler("x")(_nothing)
    app.handler("x", queue="small")(_nothing)
    async with app:
        before = await _seconds_of_one(app, "small")
        await app.queue(keep_completed=True).add_many([("x", None)] * 1_000)
        async with app.worker("default", poll=0.1):
            await until_done(app)
        multiply(site, FINISHED)

        assert await _seconds_of_one(app, "small") < 5 * before + 0.05

        site.run("UPDATE errands_job SET purge_at = 1 WHERE queue = 'default'")
        cleaning = asyncio.ensure_future(app.scheduler().sweep())
        during = await _seconds_of_one(app, "small", scheduler=False)
        assert not cleaning.done()
        assert during < 20 * before + 0.5
        cleaning.cancel()
        await asyncio.gather(cleaning, return_exceptions=True)


def multiply(site: Site, count: int) -> None:
    """Clone the jobs that are there until there are so many more."""
    key = "`key`" if site.name == "mariadb" else "key"
    [(there, highest)] = site.run(
        f"SELECT count(*), max({key}) FROM errands_job WHERE queue = 'default'"
    )
    columns = [row for row in _columns(site) if row not in {"key", "id", "sequence"}]
    names = ", ".join(columns)
    suffix = "concat(id, '-', :n)" if site.name == "mariadb" else "id || '-' || :n"
    for number in range(1, count // there + 1):
        site.run(
            f"INSERT INTO errands_job ({key}, id, sequence, {names})"
            f" SELECT {key} + :shift, {suffix}, sequence + :shift, {names} FROM errands_job"
            f" WHERE queue = 'default' AND {key} <= :highest",
            shift=number * 1_000_000,
            n=str(number),
            highest=highest,
        )


def _columns(site: Site) -> list[str]:
    with site.connection() as connection:
        result = connection.exec_driver_sql("SELECT * FROM errands_job LIMIT 1")
        return list(result.keys())


async def _seconds_of_one(app: Errands, queue: str, *, scheduler: bool = True) -> float:
    """The median time from an add to the end of its run."""
    waits: list[float] = []
    async with app.worker(queue, poll=0.1, scheduler=scheduler):
        for _ in range(15):
            started = time.monotonic()
            await (await app.queue(queue).add("x")).result(timeout=30)
            waits.append(time.monotonic() - started)
    return statistics.median(waits)


async def _nothing(data: object, context: JobContext) -> None:
    pass
