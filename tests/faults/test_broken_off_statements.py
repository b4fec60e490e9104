"""Statements that the server breaks off each time, because of one row: the others do not wait."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from errands import Errands, JobContext, JobHandle, JobStatus
from tests.faults.conftest import SERVERS
from tests.faults.looking import until, until_settled
from tests.faults.refusing import FORBIDDEN, end_together, in_a_hurry, sleep_where
from tests.faults.site import Site

RESULT = f"NEW.result LIKE '%{FORBIDDEN}%'"

pytestmark = [
    pytest.mark.parametrize("store_name", SERVERS, indirect=True),
    pytest.mark.timeout(120),
]


@pytest.fixture
async def app(site: Site) -> AsyncIterator[Errands]:
    async with Errands(site.url):
        pass
    app = Errands(in_a_hurry(site))
    async with app:
        yield app


async def _starts(jobs: list[JobHandle]) -> list[int]:
    return [(await job.refresh()).starts for job in jobs]


async def test_a_result_for_which_the_server_takes_too_long_fails_its_job_and_no_other(
    app: Errands, site: Site
) -> None:
    sleep_where(site, RESULT)
    end_together(app, 10)
    bad = await app.queue().add("together", FORBIDDEN, max_attempts=2, backoff=0)
    good = await app.queue().add_many([("together", number) for number in range(9)])

    async with app.worker(poll=0.1):
        results = await asyncio.gather(*(job.result(timeout=30) for job in good))
        await until_settled(bad)

    assert results == list(range(9))
    assert await _starts(good) == [1] * 9
    assert (bad.status, bad.attempts_made, bad.starts) == (JobStatus.FAILED, 2, 2)
    assert "StoreGaveUp" in bad.failures[0].type


async def test_several_of_them_in_front_hold_up_no_other(app: Errands, site: Site) -> None:
    sleep_where(site, "NEW.id LIKE 'bad%' AND OLD.status = 'active' AND NEW.status <> 'active'")
    end_together(app, 6)
    for number in range(4):
        await app.queue().add("together", number, job_id=f"bad-{number}", priority=1)
    good = await app.queue().add_many([("together", number) for number in range(2)])

    async with app.worker(poll=0.1):
        results = await asyncio.gather(*(job.result(timeout=40) for job in good))

    assert results == [0, 1]
    assert await _starts(good) == [1, 1]


async def test_one_of_which_nothing_is_taken_holds_up_none_that_comes_later(
    app: Errands, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    sleep_where(site, "NEW.id = 'bad' AND OLD.status = 'active' AND NEW.status <> 'active'")

    @app.handler("x")
    async def end(data: int, context: JobContext) -> int:
        return data

    await app.queue().add("x", 0, job_id="bad")
    async with app.worker(poll=0.1):
        await until(lambda: _is_told(caplog), True)
        good = await app.queue().add_many([("x", number) for number in range(5)])
        results = await asyncio.gather(*(job.result(timeout=30) for job in good))

    assert results == list(range(5))
    assert await _starts(good) == [1] * 5


async def _is_told(caplog: pytest.LogCaptureFixture) -> bool:
    return "the store failed" in caplog.text


async def test_a_server_that_breaks_everything_off_costs_no_outcome(
    app: Errands, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    end_together(app, 5)
    jobs = await app.queue().add_many([("together", number) for number in range(5)])
    ends = "OLD.status = 'active' AND NEW.status <> 'active'"
    sleep_where(site, ends)

    caplog.set_level(logging.DEBUG, "errands.worker")
    async with app.worker(poll=0.1):
        await until(lambda: _are_tried_apart(caplog), True)
        _wake_up(site)
        results = await asyncio.gather(*(job.result(timeout=30) for job in jobs))

    assert results == list(range(5))
    assert await _starts(jobs) == [1] * 5


async def _are_tried_apart(caplog: pytest.LogCaptureFixture) -> bool:
    return caplog.text.count("the store failed") > 8


def _wake_up(site: Site) -> None:
    """Take every such trigger away."""
    if site.name == "postgresql":
        for (name,) in site.run("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'forbid%'"):
            site.run(f"DROP TRIGGER {name} ON errands_job")
        return
    named = "trigger_schema = DATABASE() AND trigger_name LIKE 'forbid%'"
    for (name,) in site.run(f"SELECT trigger_name FROM information_schema.triggers WHERE {named}"):
        site.run(f"DROP TRIGGER {name}")


async def test_one_lease_whose_renewal_takes_too_long_ends_no_other(
    app: Errands, site: Site
) -> None:
    renewal = "OLD.status = 'active' AND NEW.lease_expires_at > OLD.lease_expires_at"
    sleep_where(site, f"NEW.id = 'bad' AND {renewal}")
    may_end = asyncio.Event()

    @app.handler("x")
    async def hold(data: object, context: JobContext) -> int:
        await may_end.wait()
        return context.starts

    good = await app.queue().add_many([("x", number) for number in range(5)])
    await app.queue().add("x", job_id="bad")
    async with app.worker(poll=0.1, lease=10, renewal=0.5):
        await until(lambda: _are_renewed_without_it(site), True)
        may_end.set()
        starts = [await job.result(timeout=30) for job in good]

    assert starts == [1] * 5


async def _are_renewed_without_it(site: Site) -> bool:
    """Whether the leases of all others end seconds after that of the bad one."""
    ends = dict(site.run("SELECT id, lease_expires_at FROM errands_job WHERE status = 'active'"))
    bad = ends.pop("bad", None)
    return bad is not None and len(ends) == 5 and min(ends.values()) > bad + 3_000


async def test_a_due_job_for_which_the_server_takes_too_long_holds_up_no_other(
    app: Errands, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    sleep_where(site, "NEW.id = 'bad' AND NEW.status = 'waiting'")

    @app.handler("x")
    async def end(data: int, context: JobContext) -> int:
        return data

    bad = await app.queue().add("x", job_id="bad", delay=0.1)
    jobs = await app.queue().add_many([("x", number, {"delay": 0.1}) for number in range(20)])
    with caplog.at_level(logging.ERROR, "errands.scheduler"):
        async with app.worker(poll=0.1):
            results = await asyncio.gather(*(job.result(timeout=30) for job in jobs))

    assert results == list(range(20))
    assert (await bad.refresh()).status is JobStatus.DELAYED
    assert "job default/bad is not promoted" in caplog.text


async def test_one_add_for_which_the_server_takes_too_long_fails_no_other(
    app: Errands, site: Site
) -> None:
    sleep_where(site, f"NEW.data LIKE '%{FORBIDDEN}%'", verb="INSERT")
    texts = ["one", "two", FORBIDDEN, "three"]

    adding = (app.queue().add("x", text) for text in texts)
    answers = await asyncio.gather(*adding, return_exceptions=True)

    assert [isinstance(answer, Exception) for answer in answers] == [False, False, True, False]
