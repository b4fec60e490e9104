"""What people see of a row that this version cannot read, and what they can do with it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from errands import (
    Errands,
    IllegalTransition,
    JobContext,
    JobNotFound,
    JobStatus,
    JobUnreadable,
)
from errands.testing import FakeClock, application, run_until_idle
from tests.faults.damage import SOME_COLUMNS, damage, nothing
from tests.faults.site import Site


@pytest.fixture
async def app(site: Site) -> AsyncIterator[Errands]:
    app = application(site.url, clock=FakeClock())
    app.handler("x")(nothing)
    async with app:
        yield app


@SOME_COLUMNS
async def test_it_is_listed_with_what_can_be_read_of_it(
    site: Site, app: Errands, column: str
) -> None:
    await app.queue().add_many([("x", 1, {"job_id": id_}) for id_ in ("bad", "ok")])
    damage(site, column)

    ok, bad = (await app.queue().jobs()).jobs

    assert (ok.id, ok.unreadable, ok.tags) == ("ok", (), ())
    assert (bad.id, bad.unreadable, bad.name, bad.data) == ("bad", (column,), "x", 1)
    assert bad.status is JobStatus.WAITING
    with pytest.raises(JobUnreadable, match=f"job 'bad' in queue 'default': its {column}") as told:
        bad.as_dict()
    assert told.value.columns == (column,)


async def test_events_of_a_type_that_only_a_newer_version_knows_are_left_out(
    site: Site, app: Errands
) -> None:
    first, second, third = await app.queue().add_many([("x", n) for n in range(3)])
    newer = "UPDATE errands_event SET type = 'teleported' WHERE job_id = :id"
    site.run(newer, id=second.id)
    site.run(newer, id=third.id)

    events = [event async for event in app.queue().events(after=0, follow=False)]

    assert [(event.type, event.job_id) for event in events] == [("added", first.id)]


async def test_a_result_that_is_no_json_is_named(site: Site, app: Errands) -> None:
    job = await app.queue().add("x", job_id="bad")
    await run_until_idle(app)
    damage(site, "result", "{")

    with pytest.raises(JobUnreadable, match="its result cannot be read"):
        await job.result(timeout=5)


@pytest.mark.parametrize("search", [{"tag": "a"}, {"metadata": {"a": 1}}, {"error": "Boom"}])
async def test_a_search_finds_the_others(site: Site, app: Errands, search: dict[str, Any]) -> None:
    @app.handler("y")
    async def boom(data: object, context: JobContext) -> None:
        raise ValueError("Boom")

    labels = {"tags": ["a"], "metadata": {"a": 1}, "max_attempts": 1}
    await app.queue().add_many([("y", 1, {**labels, "job_id": id_}) for id_ in ("bad", "ok")])
    await run_until_idle(app)
    damage(site, "labels", "no json")
    damage(site, "failures", "no json")

    page = await app.queue().jobs(**search)

    assert [job.id for job in page.jobs] == ["ok"]


@SOME_COLUMNS
async def test_an_add_of_its_id_finds_it_there(site: Site, app: Errands, column: str) -> None:
    await app.queue().add("x", job_id="bad")
    damage(site, column)

    again, other = await app.queue().add_many([("x", 2, {"job_id": "bad"}), ("x", 2, {})])

    assert (again.id, again.is_new, other.is_new) == ("bad", False, True)
    assert again.unreadable == (column,)


@SOME_COLUMNS
async def test_it_can_be_removed_and_nothing_else_be_done_to_it(
    site: Site, app: Errands, column: str
) -> None:
    await app.queue().add("x", job_id="bad")
    damage(site, column)
    job = await app.queue().get("bad")

    with pytest.raises(JobUnreadable):
        await job.change_priority(3)
    with pytest.raises(JobUnreadable):
        await job.cancel()
    await job.remove()

    with pytest.raises(JobNotFound):
        await job.refresh()


async def test_verbs_for_many_pass_over_it(site: Site, app: Errands) -> None:
    await app.queue().add_many([("x", None, {"job_id": id_, "delay": 5}) for id_ in ("bad", "ok")])
    damage(site, "policy")

    assert await app.queue().promote_many() == 1
    assert await app.queue().obliterate() == 2


async def test_a_job_in_an_unknown_status_is_left_alone_but_by_force(
    site: Site, app: Errands
) -> None:
    await app.queue().add_many([("x", None, {"job_id": id_}) for id_ in ("bad", "ok")])
    damage(site, "status", "asleep")

    await run_until_idle(app)
    job = await app.queue().get("bad")

    assert job.unreadable == ("status",)
    assert "unknown" in repr(job)
    with pytest.raises(JobUnreadable, match="its status cannot be read: 'asleep'"):
        assert job.status
    with pytest.raises(IllegalTransition):
        await job.remove()
    await job.remove(force=True)
