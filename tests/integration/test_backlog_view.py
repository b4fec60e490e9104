"""The view `errands_backlog` says of each queue what its counts say, and what autoscalers need."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from errands import Errands, JobContext, JobStatus
from tests import stores
from tests.faults.site import Site, site_of

COLUMNS = {
    "queue",
    "paused",
    "ready",
    "waiting",
    "delayed",
    "active",
    "waiting_children",
    "head_created_at",
    "next_due_at",
}
COUNTED = (
    JobStatus.WAITING,
    JobStatus.DELAYED,
    JobStatus.ACTIVE,
    JobStatus.WAITING_CHILDREN,
)


@pytest.fixture(params=["sqlite", *stores.SERVERS])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """An empty database on each store that has SQL."""
    with site_of(str(request.param), tmp_path) as site:
        yield site


def backlog(site: Site, queue: str = "default", view: str = "errands_backlog") -> dict[str, Any]:
    """What the view says of a queue."""
    [row] = site.run(f"SELECT * FROM {view} WHERE queue = :queue", queue=queue)
    return dict(row._mapping)


async def test_the_numbers_are_those_of_the_counts(site: Site) -> None:
    running, may_end = asyncio.Event(), asyncio.Event()
    app = Errands(site.url)

    @app.handler("x")
    async def wait(data: object, context: JobContext) -> None:
        running.set()
        await may_end.wait()

    async with app:
        queue = app.queue()
        await queue.add_many([("x", number) for number in range(4)])
        await asyncio.gather(*(queue.add("x", number, delay=3600) for number in range(3)))
        await app.queue("other").add("x")
        async with app.worker(concurrency=1):
            await running.wait()
            found, counts = backlog(site), await queue.counts()
            may_end.set()

    assert set(found) == COLUMNS
    assert {status: found[status.value] for status in COUNTED} == {
        status: counts[status].value for status in COUNTED
    }
    assert [found[status.value] for status in COUNTED] == [3, 3, 1, 0]
    assert (found["paused"], found["ready"]) == (0, 3)


async def test_a_paused_queue_has_nothing_ready(site: Site) -> None:
    async with Errands(site.url) as app:
        await app.queue().add_many([("x", number) for number in range(2)])
        await app.queue().pause()
        paused = backlog(site)
        await app.queue().resume()

        resumed = backlog(site)

    assert (paused["paused"], paused["ready"], paused["waiting"]) == (1, 0, 2)
    assert (resumed["paused"], resumed["ready"], resumed["waiting"]) == (0, 2, 2)


async def test_a_delayed_job_is_ready_when_it_is_due(site: Site) -> None:
    """Where no worker is left, nobody promotes it."""
    async with Errands(site.url) as app:
        job = await app.queue().add("x", 1, delay=60)
        await app.queue().add("x", 2, delay=60)
        site.run("UPDATE errands_job SET run_at = run_at - 61000 WHERE id = :id", id=str(job.id))

        found = backlog(site)

    assert (found["ready"], found["waiting"], found["delayed"]) == (1, 0, 2)


async def test_it_tells_whose_turn_is_next_and_what_is_due_next(site: Site) -> None:
    async with Errands(site.url) as app:
        await app.queue().add("x")
        urgent = await app.queue().add("x", priority=10)
        later = await app.queue().add("x", delay=3600)
        await app.queue().add("x", delay=7200)

        found = backlog(site)

    assert later.run_at is not None
    assert found["head_created_at"] == round(urgent.created_at.timestamp() * 1000)
    assert found["next_due_at"] == round(later.run_at.timestamp() * 1000)


async def test_settled_jobs_are_no_backlog(site: Site) -> None:
    async with Errands(site.url) as app:
        job = await app.queue().add("x")
        await job.cancel()

        found = backlog(site)

    assert {name: value for name, value in found.items() if value} == {"queue": "default"}


@pytest.mark.parametrize("site", ["postgresql", "mariadb"], indirect=True)
async def test_another_prefix_has_a_view_of_its_own(site: Site) -> None:
    async with Errands(site.url) as app, Errands(site.url, table_prefix="jobs_") as other:
        await app.queue().add("x")
        await other.queue().add_many([("x", 1), ("x", 2)])

        found = [backlog(site, view=view)["ready"] for view in ("errands_backlog", "jobs_backlog")]

    assert found == [1, 2]


@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
async def test_another_schema_has_a_view_of_its_own(site: Site) -> None:
    async with Errands(site.url, schema="work") as app:
        await app.queue().add("x")

        assert backlog(site, view="work.errands_backlog")["ready"] == 1
