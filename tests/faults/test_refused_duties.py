"""What the scheduler does to many jobs at once, where the database does not take one of them."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from errands import Errands, JobContext, JobStatus, Keep, StoreUnusable
from tests.faults.looking import until, until_settled
from tests.faults.refusing import forbid_where, meet_a_missing_table
from tests.faults.site import Site


@pytest.fixture
async def app(site: Site) -> AsyncIterator[Errands]:
    app = Errands(site.url)
    async with app:
        yield app


async def test_a_due_job_that_is_refused_holds_up_no_other(
    app: Errands, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    forbid_where(site, "NEW.id = 'bad' AND NEW.status = 'waiting'")

    @app.handler("x")
    async def end(data: int, context: JobContext) -> int:
        return data

    members = [("x", number, {"delay": 0.1}) for number in range(40)]
    jobs = await app.queue().add_many(members[:20])
    bad = await app.queue().add("x", job_id="bad", delay=0.1)
    jobs += await app.queue().add_many(members[20:])
    lapsing = await app.queue("nobody").add("x", expires_in=0.5)

    with caplog.at_level(logging.ERROR, "errands.scheduler"):
        async with app.worker(["default"], poll=0.1):
            results = await asyncio.gather(*(job.result(timeout=20) for job in jobs))
            await until_settled(lapsing)

    assert results == list(range(40))
    assert (await bad.refresh()).status is JobStatus.DELAYED
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "job default/bad is not promoted" in caplog.text


async def test_a_lost_run_that_is_refused_holds_up_no_other(app: Errands, site: Site) -> None:
    forbid_where(site, "NEW.id = 'bad' AND NEW.crashes > OLD.crashes")
    ids = [f"job-{number}" for number in range(5)]

    @app.handler("x")
    async def end(data: object, context: JobContext) -> int:
        return context.crashes

    jobs = [await app.queue().add("x", job_id=job_id) for job_id in ("bad", *ids)]
    site.run(
        "UPDATE errands_job SET status = 'active', starts = 1, token = id, worker = 'gone', "
        "lease_expires_at = 1000, lease_ms = 500"
    )
    async with app.worker(poll=0.1):
        crashes = [await job.result(timeout=20) for job in jobs[1:]]

    assert crashes == [1] * 5
    assert (await jobs[0].refresh()).status is JobStatus.ACTIVE


async def test_due_jobs_whose_trigger_meets_a_missing_table_hold_up_no_other(
    app: Errands, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    if site.name != "postgresql":
        pytest.skip("looks at all tables of a trigger before its first row")
    meet_a_missing_table(site, "NEW.id LIKE 'bad%' AND NEW.status = 'waiting'")

    @app.handler("x")
    async def end(data: int, context: JobContext) -> int:
        return data

    bad = [await app.queue().add("x", job_id=f"bad-{number}", delay=0.1) for number in range(4)]
    jobs = await app.queue().add_many([("x", number, {"delay": 0.1}) for number in range(40)])
    with caplog.at_level(logging.ERROR, "errands.scheduler"):
        async with app.worker(poll=0.1):
            results = await asyncio.gather(*(job.result(timeout=20) for job in jobs))

    assert results == list(range(40))
    assert {(await job.refresh()).status for job in bad} == {JobStatus.DELAYED}
    assert all(f"job default/bad-{number} is not promoted" in caplog.text for number in range(4))


async def test_a_lost_run_is_found_although_a_due_job_is_refused_each_time(
    app: Errands, site: Site
) -> None:
    if site.name != "postgresql":
        pytest.skip("looks at all tables of a trigger before its first row")
    meet_a_missing_table(site, "NEW.id = 'bad' AND NEW.status = 'waiting'")

    @app.handler("x")
    async def end(data: object, context: JobContext) -> int:
        return context.crashes

    lost = await app.queue().add("x")
    site.run(
        "UPDATE errands_job SET status = 'active', starts = 1, token = id, worker = 'gone', "
        "lease_expires_at = 1000, lease_ms = 6000"
    )
    await app.queue().add("x", job_id="bad", delay=0.1)
    async with app.worker(poll=0.1):
        assert await lost.result(timeout=40) == 1


@pytest.mark.parametrize("count", [1, 5])
async def test_a_store_that_nobody_can_use_is_raised_and_passes_over_no_job(
    app: Errands, site: Site, count: int
) -> None:
    await app.queue().add_many([("x", None, {"delay": 0.001})] * count)
    scheduler = app.scheduler()
    site.run("ALTER TABLE errands_event RENAME TO elsewhere")
    for _ in range(2):
        with pytest.raises(StoreUnusable):
            await scheduler.sweep()
    site.run("ALTER TABLE elsewhere RENAME TO errands_event")

    assert (await scheduler.sweep())["promoted"] == count


async def test_a_due_job_that_fails_each_time_keeps_no_old_one_from_being_removed(
    app: Errands, site: Site
) -> None:
    if site.name != "postgresql":
        pytest.skip("looks at all tables of a trigger before its first row")
    meet_a_missing_table(site, "NEW.id = 'bad' AND NEW.status = 'waiting'")

    @app.handler("x")
    async def nothing(data: object) -> None:
        pass

    queue = app.queue(keep_completed=Keep(count=1))
    jobs = await queue.add_many([("x", None)] * 3)
    async with app.worker(scheduler=False):
        await asyncio.gather(*(job.result(timeout=20) for job in jobs))
    await queue.add("x", job_id="bad", delay=0.01)
    await asyncio.sleep(0.1)

    scheduler = app.scheduler()
    running = asyncio.ensure_future(scheduler.run())
    await until(lambda: _completed(app), 1)

    await scheduler.close()
    await running


async def _completed(app: Errands) -> int:
    return (await app.queue().counts())[JobStatus.COMPLETED].value


async def test_a_scheduler_does_not_give_up_on_a_store_that_refuses_only_a_due_job(
    app: Errands, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    if site.name != "postgresql":
        pytest.skip("looks at all tables of a trigger before its first row")
    monkeypatch.setattr("errands.core.application.scheduling.scheduler.GIVES_UP_SECONDS", 0.2)
    meet_a_missing_table(site, "NEW.id = 'bad' AND NEW.status = 'waiting'")
    await app.queue().add("x", job_id="bad", delay=0.01)

    scheduler = app.scheduler()
    running = asyncio.ensure_future(scheduler.run())
    await asyncio.wait([running], timeout=5)

    assert not running.done()
    await scheduler.close()
    await running


async def test_a_scheduler_gives_up_on_a_store_that_takes_no_event(
    app: Errands, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("errands.core.application.scheduling.scheduler.GIVES_UP_SECONDS", 0.2)
    await app.queue().add("x", delay=0.01)
    site.run("ALTER TABLE errands_event RENAME TO elsewhere")

    with pytest.raises(StoreUnusable):
        await asyncio.wait_for(app.scheduler().run(), 20)

    site.run("ALTER TABLE elsewhere RENAME TO errands_event")
