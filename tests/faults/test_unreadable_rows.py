"""Rows that this version cannot read: each is held, and none of the others with it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import pytest

from errands import Errands, EventType, JobHandle, JobStatus, Keep
from errands.testing import FakeClock, application, run_until_idle
from tests.faults.damage import BEYOND, COLUMNS, DAMAGES, SOME_COLUMNS, damage, nothing, stored
from tests.faults.looking import told, until
from tests.faults.site import Site, examined

_DAY: Final = timedelta(days=1)
WRONG_TYPE: Final = '{"max_attempts": "three", "backoff": []}'
FINISHED: Final = "SET status = 'failed', finished_at = 5, purge_at = 5"
ACTIVE: Final = "SET status = 'active', starts = 1, started_at = 5, token = 't', worker = 'w'"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def app(site: Site, clock: FakeClock) -> AsyncIterator[Errands]:
    app = application(site.url, clock=clock)
    app.handler("x")(nothing)
    async with app:
        yield app


@COLUMNS
async def test_a_row_that_cannot_be_read_holds_up_no_other_and_burns_nothing(
    site: Site, column: str
) -> None:
    app = Errands(site.url)
    app.handler("x")(nothing)
    async with app:
        await app.queue().add("x", job_id="bad", priority=10)
        good = await app.queue().add("x")
        damage(site, column)

        async with app.worker(poll=0.1, lease=1, renewal=0.25) as worker:
            await good.result(timeout=20)
            await until(lambda: told(app, EventType.UNREADABLE), {"bad": 2})
            assert worker.is_healthy

        assert stored(site, "starts", "attempts_made", "crashes", column) == (
            0, 0, 0, DAMAGES[column],
        )  # fmt: skip
        assert [finding.rule for finding in examined(app)] == [f"unreadable_{column}"]


async def test_many_in_front_hold_up_none_behind(site: Site) -> None:
    """Nobody waits for a poll because the slots were spent on what cannot be read."""
    app = Errands(site.url)
    app.handler("x")(nothing)
    async with app:
        await app.queue().add_many([("x", None, {"tags": ["bad"]})] * 25)
        good = await app.queue().add("x")
        site.run("UPDATE errands_job SET policy = '{}' WHERE labels IS NOT NULL")

        async with app.worker(concurrency=1, poll=60):
            await good.result(timeout=20)

        assert sum((await told(app, EventType.UNREADABLE)).values()) >= 25


async def test_the_log_says_once_why_a_job_does_not_run(
    site: Site, app: Errands, caplog: pytest.LogCaptureFixture
) -> None:
    await app.queue().add("x", job_id="bad")
    damage(site, "policy")

    for _ in range(3):
        await run_until_idle(app, within=100)

    [event] = [one async for one in app.queue().events(after=0, types=["unreadable"], follow=False)]
    assert event.data is not None
    assert event.data["columns"] == ["policy"]
    assert "its policy cannot be read: 'no json'" in str(event.data["reason"])
    assert [one.message for one in caplog.records if "put off" in one.message] == [
        f"job default/bad is put off: {event.data['reason']}"
    ]


@COLUMNS
async def test_a_repaired_job_runs_as_if_nothing_had_been(
    site: Site, app: Errands, column: str
) -> None:
    job = await app.queue().add("x", job_id="bad")
    before = stored(site, column)
    damage(site, column)
    await run_until_idle(app)

    site.run(f"UPDATE errands_job SET {column} = :before WHERE id = 'bad'", before=before)
    await run_until_idle(app)

    assert (await job.refresh()).status is JobStatus.COMPLETED
    assert (job.starts, job.attempts_made, job.crashes) == (1, 1, 0)
    assert examined(app) == []


async def test_a_policy_of_wrong_types_is_none(site: Site, app: Errands) -> None:
    job = await app.queue().add("x", job_id="bad")
    damage(site, "policy", WRONG_TYPE)

    await run_until_idle(app)

    assert (await job.refresh()).unreadable == ("policy",)


async def test_a_due_time_that_is_none_is_set_anew(site: Site, app: Errands) -> None:
    job = await app.queue().add("x", job_id="bad", delay=5)
    damage(site, "run_at", -BEYOND)

    await app.scheduler().sweep()
    await run_until_idle(app)
    await run_until_idle(app)

    assert (await job.refresh()).status is JobStatus.COMPLETED


async def test_the_scheduler_plans_past_times_that_are_none(site: Site, app: Errands) -> None:
    await app.queue().add("x", job_id="bad", delay=5)
    damage(site, "run_at", BEYOND)
    damage(site, "purge_at", -BEYOND)

    swept = await app.scheduler().sweep()

    assert swept["purged"] == 0
    assert stored(site, "status") == "delayed"


@SOME_COLUMNS
async def test_a_delayed_one_falls_due_with_the_others(
    site: Site, app: Errands, clock: FakeClock, column: str
) -> None:
    await app.queue().add_many([("x", None, {"job_id": id_, "delay": 5}) for id_ in ("bad", "ok")])
    damage(site, column)
    clock.advance(6)

    swept = await app.scheduler().sweep()

    assert swept["promoted"] == 2
    assert stored(site, "status", column) == ("waiting", DAMAGES[column])


@SOME_COLUMNS
async def test_a_lost_run_is_taken_back_with_the_others(
    site: Site, app: Errands, column: str
) -> None:
    jobs = await app.queue().add_many([("x", None, {"job_id": id_}) for id_ in ("bad", "ok")])
    site.run(f"UPDATE errands_job {ACTIVE}, lease_expires_at = 5")
    damage(site, column)

    swept = await app.scheduler().sweep()

    assert swept["expired"] == 2
    assert (await jobs[1].refresh()).status is JobStatus.WAITING
    assert stored(site, "status", "crashes", column) == ("waiting", 1, DAMAGES[column])


@pytest.mark.parametrize("years", [5_000, 20_000, 200_000])
async def test_a_lease_longer_than_all_years_stops_no_scheduler(site: Site, years: int) -> None:
    async with Errands(site.url) as app:
        await app.queue().add("x", job_id="bad")
        site.run(f"UPDATE errands_job {ACTIVE}, lease_expires_at = 5")
        damage(site, "lease_ms", years * 365 * 86_400_000)
        due = await app.queue().add("x", delay=0.3)
        scheduler = app.scheduler()
        scheduling = asyncio.ensure_future(scheduler.run())
        await until(lambda: _status(due), JobStatus.WAITING)
        await scheduler.close()
        await scheduling


async def _status(job: JobHandle) -> JobStatus:
    return (await job.refresh()).status


async def test_without_its_policy_no_number_of_crashes_ends_a_job(
    site: Site, app: Errands, clock: FakeClock
) -> None:
    await app.queue().add("x", job_id="bad", deadline=clock() + _DAY)
    bound = stored(site, "lapses_at")
    site.run(f"UPDATE errands_job {ACTIVE}, lease_expires_at = 5, crashes = 9")
    damage(site, "policy")

    await app.scheduler().sweep()

    assert stored(site, "status", "crashes", "lapses_at") == ("waiting", 10, bound)


@SOME_COLUMNS
async def test_one_that_did_not_start_in_time_ends_with_a_reason(
    site: Site, app: Errands, clock: FakeClock, column: str
) -> None:
    await app.queue().add_many(
        [("x", None, {"job_id": id_, "expires_in": 5}) for id_ in ("bad", "ok")]
    )
    damage(site, column)
    clock.advance(6)

    swept = await app.scheduler().sweep()

    assert swept["lapsed"] == 2
    assert stored(site, "status") == "failed"
    assert "did not start" in stored(site, "failures")


@SOME_COLUMNS
async def test_retention_removes_it_with_the_others(site: Site, app: Errands, column: str) -> None:
    await app.queue().add_many([("x", None, {"job_id": id_}) for id_ in ("bad", "ok")])
    site.run(f"UPDATE errands_job {FINISHED}")
    damage(site, column)

    swept = await app.scheduler().sweep()

    assert swept["purged"] == 2


async def test_how_many_to_keep_is_not_guessed(site: Site, app: Errands) -> None:
    """The count of the job that ended last holds, and that one cannot be read."""
    keep = {"keep_failed": Keep(count=1)}
    await app.queue().add_many([("x", None, {**keep, "job_id": id_}) for id_ in ("ok", "bad")])
    site.run("UPDATE errands_job SET status = 'failed', finished_at = 5")
    policy = stored(site, "policy")
    damage(site, "policy")

    await app.scheduler().sweep()
    kept = len((await app.queue().jobs()).jobs)
    damage(site, "policy", policy)
    await app.scheduler().sweep()

    assert kept == 2
    assert [job.id for job in (await app.queue().jobs()).jobs] == ["bad"]


async def test_what_its_run_does_counts_although_it_was_damaged_meanwhile(
    site: Site, app: Errands
) -> None:
    @app.handler("y")
    def damaging(data: object, context: object) -> int:
        damage(site, "policy")
        site.run("UPDATE errands_job SET version = version + 1 WHERE id = 'bad'")
        return 7

    job = await app.queue().add("y", job_id="bad")
    await run_until_idle(app)

    assert await job.result(timeout=5) == 7
    assert stored(site, "policy") == "no json"


async def test_a_failure_under_a_policy_that_was_lost_meanwhile_counts_no_attempt(
    site: Site, app: Errands
) -> None:
    @app.handler("y")
    def damaging(data: object, context: object) -> None:
        damage(site, "policy")
        site.run("UPDATE errands_job SET version = version + 1 WHERE id = 'bad'")
        raise ValueError("Boom")

    await app.queue().add("y", job_id="bad", max_attempts=1)
    await run_until_idle(app)

    assert stored(site, "status", "attempts_made", "starts") == ("delayed", 0, 0)
    assert await told(app, EventType.UNREADABLE) == {"bad": 1}


@pytest.mark.parametrize("store_name", ["sqlite"])
@pytest.mark.parametrize("column", ["priority", "sequence", "attempts_made", "releases"])
async def test_sqlite_keeps_words_in_columns_of_numbers(
    site: Site, app: Errands, column: str
) -> None:
    await app.queue().add_many([("x", None, {"job_id": id_}) for id_ in ("bad", "ok")])
    damage(site, column, "many")

    await run_until_idle(app)

    assert (await app.queue().get("ok")).status is JobStatus.COMPLETED
    assert (await app.queue().get("bad")).unreadable == (column,)


@pytest.mark.parametrize("store_name", ["sqlite"])
async def test_a_version_that_is_no_number_becomes_one(
    site: Site, app: Errands, clock: FakeClock
) -> None:
    await app.queue().add_many([("x", None, {"job_id": id_, "delay": 5}) for id_ in ("bad", "ok")])
    damage(site, "version", "new")
    clock.advance(6)

    swept = await app.scheduler().sweep()

    assert swept["promoted"] == 2
    assert stored(site, "status", "version") == ("waiting", 1)
