"""Outcomes that a database does not take: each is its own job's affair, and no other's."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from errands import Errands, JobContext, JobHandle, JobStatus, StoreRefused, Worker
from tests.faults.guest import account
from tests.faults.looking import until, until_settled
from tests.faults.refusing import (
    FORBIDDEN,
    end_together,
    forbid,
    forbid_where,
    meet_a_missing_table,
)
from tests.faults.site import Site


@pytest.fixture
async def app(site: Site) -> AsyncIterator[Errands]:
    app = Errands(site.url)
    async with app:
        yield app


async def test_a_result_that_is_refused_fails_its_job_and_no_other(
    app: Errands, site: Site
) -> None:
    forbid(site, "result")
    end_together(app, 10)
    queue = app.queue(max_attempts=2, backoff=0)
    bad = await queue.add("together", FORBIDDEN)
    good = await queue.add_many([("together", number) for number in range(9)])

    async with app.worker(poll=0.1):
        results = await asyncio.gather(*(job.result(timeout=20) for job in good))
        await until_settled(bad)

    assert results == list(range(9))
    assert (bad.status, bad.attempts_made, bad.starts) == (JobStatus.FAILED, 2, 2)
    assert "not here" in bad.reason
    assert FORBIDDEN not in bad.reason
    assert [job.starts for job in await asyncio.gather(*(job.refresh() for job in good))] == [1] * 9


async def test_pausing_waits_for_what_is_settled_apart(app: Errands, site: Site) -> None:
    forbid(site, "result")
    may_end = asyncio.Event()

    @app.handler("together")
    async def together(data: Any) -> Any:
        await may_end.wait()
        return data

    queue = app.queue(max_attempts=1)
    jobs = await queue.add_many([("together", data) for data in (1, FORBIDDEN, FORBIDDEN)])

    async with app.worker(poll=0.1) as worker:
        await until(lambda: _active(worker), 3)
        pausing = asyncio.ensure_future(worker.pause())
        await asyncio.sleep(0)
        may_end.set()
        await pausing
        ended = [(await job.refresh()).status for job in jobs]

    assert ended == [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.FAILED]


async def _active(worker: Worker) -> int:
    return worker.active


async def _ends_alone(app: Errands) -> None:
    end_together(app, 10)
    good = await app.queue().add_many([("together", number) for number in range(9)])
    bad = await app.queue().add("together", FORBIDDEN, max_attempts=1)

    async with app.worker(poll=0.1, lease=10, renewal=3):
        results = await asyncio.gather(*(job.result(timeout=20) for job in good))
        await until_settled(bad)

    assert results == list(range(9))
    assert (bad.status, bad.starts) == (JobStatus.FAILED, 1)
    assert [job.starts for job in await asyncio.gather(*(job.refresh() for job in good))] == [1] * 9


async def test_an_outcome_whose_trigger_meets_a_missing_table_holds_up_no_other(
    app: Errands, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    if site.name != "postgresql":
        pytest.skip("looks at all tables of a trigger before its first row")
    meet_a_missing_table(site)

    await _ends_alone(app)

    assert "the worker ends" not in caplog.text


async def test_the_only_outcome_ends_as_failed_where_its_trigger_meets_a_missing_table(
    app: Errands, site: Site
) -> None:
    if site.name != "postgresql":
        pytest.skip("looks at all tables of a trigger before its first row")
    meet_a_missing_table(site)
    end_together(app, 1)
    bad = await app.queue().add("together", FORBIDDEN, max_attempts=1)

    async with app.worker(poll=0.1):
        await until_settled(bad)

    assert (bad.status, bad.starts) == (JobStatus.FAILED, 1)
    assert "gone" in bad.reason


async def test_an_outcome_that_a_policy_of_the_table_forbids_fails_its_job_and_no_other(
    site: Site,
) -> None:
    if site.name != "postgresql":
        pytest.skip("has no rights on single rows")
    async with Errands(site.url):
        pass
    site.run("ALTER TABLE errands_job ENABLE ROW LEVEL SECURITY")
    site.run(
        "CREATE POLICY plain ON errands_job USING (true) "
        f"WITH CHECK (result IS NULL OR result::text NOT LIKE '%{FORBIDDEN}%')"
    )
    with account(site) as url:
        async with Errands(url) as app:
            await _ends_alone(app)


async def test_a_run_of_which_nothing_is_taken_is_let_go_and_ends_by_its_lease(
    app: Errands, site: Site
) -> None:
    forbid(site, "result")
    forbid_where(site, "NEW.failures LIKE '%not here%'")
    end_together(app, 4)
    bad = await app.queue().add("together", FORBIDDEN, max_crashes=0)
    good = await app.queue().add_many([("together", number) for number in range(3)])

    async with app.worker(poll=0.1, lease=1, renewal=0.2):
        results = await asyncio.gather(*(job.result(timeout=20) for job in good))
        await until_settled(bad)

    assert results == [0, 1, 2]
    assert (bad.status, bad.starts) == (JobStatus.FAILED, 1)
    assert "TooManyCrashes" in bad.reason


async def test_a_last_progress_that_is_refused_costs_no_result(app: Errands, site: Site) -> None:
    forbid(site, "progress")
    all_here = asyncio.Barrier(3)

    @app.handler("x")
    async def report_and_end(data: str, context: JobContext) -> str:
        await all_here.wait()
        await context.update_progress(data)
        return data

    jobs = await app.queue().add_many([("x", text) for text in ("one", FORBIDDEN, "two")])
    async with app.worker(poll=0.1):
        results = [await job.result(timeout=20) for job in jobs]

    assert results == ["one", FORBIDDEN, "two"]
    assert [(await job.refresh()).progress for job in jobs] == ["one", None, "two"]


async def test_each_who_reports_gets_its_own_error(app: Errands, site: Site) -> None:
    forbid(site, "text", verb="INSERT", table="errands_log")
    forbid(site, "progress")
    all_here, told, kept = asyncio.Barrier(3), list[str](), dict[str, int]()
    has_progress = asyncio.Event()

    @app.handler("x")
    async def report(data: str, context: JobContext) -> None:
        await all_here.wait()
        await context.update_progress(data)
        try:
            kept[data] = await context.log(data)
        except StoreRefused as error:
            told.append(str(error))
        await has_progress.wait()

    jobs = await app.queue().add_many([("x", text) for text in ("one", FORBIDDEN, "two")])
    async with app.worker(poll=0.1):
        await until(lambda: _progress(jobs), ["one", None, "two"])
        has_progress.set()
        for job in jobs:
            await job.result(timeout=20)

    assert kept == {"one": 1, "two": 1}
    assert len(told) == 1
    assert "not here" in told[0]


async def _progress(jobs: Sequence[JobHandle]) -> list[Any]:
    return [(await job.refresh()).progress for job in jobs]


async def test_one_add_that_is_refused_fails_no_other(app: Errands, site: Site) -> None:
    forbid(site, "data", verb="INSERT")
    texts = ["one", FORBIDDEN, "two", "three", FORBIDDEN, "four"]

    adding = (app.queue().add("x", text) for text in texts)
    answers = await asyncio.gather(*adding, return_exceptions=True)

    refused = [isinstance(answer, StoreRefused) for answer in answers]
    assert refused == [text == FORBIDDEN for text in texts]
    assert [job.data for job in (await app.queue().jobs(newest_first=False)).jobs] == [
        "one", "two", "three", "four",
    ]  # fmt: skip


async def test_one_lease_that_is_not_prolonged_ends_no_other(app: Errands, site: Site) -> None:
    renewal = "OLD.status = 'active' AND NEW.lease_expires_at > OLD.lease_expires_at"
    forbid_where(site, f"NEW.id = 'bad' AND {renewal}")
    may_end = asyncio.Event()

    @app.handler("x")
    async def hold(data: object, context: JobContext) -> int:
        await may_end.wait()
        return context.starts

    good = await app.queue().add_many([("x", number) for number in range(3)])
    bad = await app.queue().add("x", job_id="bad")
    async with app.worker(poll=0.1, lease=1, renewal=0.2):
        await until(lambda: _has_crashed(bad), True)
        may_end.set()
        starts = [await job.result(timeout=20) for job in good]

    assert starts == [1, 1, 1]


async def _has_crashed(job: JobHandle) -> bool:
    return (await job.refresh()).crashes > 0


async def test_an_end_that_comes_too_late_blames_nobody_for_a_store_that_takes_nothing(
    app: Errands, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    if site.name != "postgresql":
        pytest.skip("looks at all tables of a trigger before its first row")
    begun, may_end = asyncio.Barrier(4), asyncio.Event()

    @app.handler("x")
    async def hold(data: object, context: JobContext) -> int:
        await begun.wait()
        await may_end.wait()
        return context.starts

    await app.queue().add("x", job_id="late", priority=1)
    good = await app.queue().add_many([("x", number) for number in range(2)])
    async with app.worker(poll=0.1):
        await begun.wait()
        site.run("UPDATE errands_job SET token = 'b', version = version + 1 WHERE id = 'late'")
        meet_a_missing_table(site, "NEW.status <> 'active'")
        may_end.set()
        await until(lambda: _is_said(caplog, "the store failed"), True)
        site.run("DROP TRIGGER audit ON errands_job")

        assert [await job.result(timeout=10) for job in good] == [1, 1]
    assert "job default/late: this run's lease was taken" in caplog.text
    assert "neither its end nor that it failed was written" not in caplog.text


async def _is_said(caplog: pytest.LogCaptureFixture, words: str) -> bool:
    return words in caplog.text
