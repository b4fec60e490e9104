"""Adds that go out as one message, from the event loop, on PostgreSQL."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import sqlalchemy as sa

from errands import Errands, JobContext, JobStatus
from tests import servers, stores
from tests.integration.servers.callers import a_connection

pytestmark = pytest.mark.skipif(
    "postgresql" not in stores.chosen(), reason="left out: no postgresql"
)


@pytest.fixture
def url(postgresql_scratch: servers.Scratch) -> str:
    """The URL of an empty database that has the schema."""
    return postgresql_scratch.emptied()


@pytest.fixture
async def app(url: str) -> AsyncIterator[Errands]:
    """An application of one thread that has found its connection for such messages."""
    async with Errands(url, connections=1) as app:
        await app.queue().add("before")
        await asyncio.sleep(0.3)
        yield app


async def test_an_add_waits_for_no_thread(app: Errands, url: str) -> None:
    job = await app.queue().add("x", delay=3600)
    lock = sa.text("SELECT id FROM errands_job WHERE id = :id FOR UPDATE")

    async with a_connection("Connection", url) as caller:
        caller.execute(lock, {"id": job.id})
        promoting = asyncio.ensure_future(job.promote())
        await asyncio.sleep(0.2)
        for _ in range(3):
            await asyncio.wait_for(app.queue().add("y"), 1)
        assert not promoting.done()
        caller.rollback()
        await asyncio.wait_for(promoting, 10)

    assert len((await app.queue().jobs(name="y")).jobs) == 3


async def test_adds_keep_their_order(app: Errands) -> None:
    added = [await app.queue().add("y", n) for n in range(20)]
    together = await asyncio.gather(*(app.queue().add("y", n) for n in range(20, 40)))
    first = [await app.queue().add("y", n, lifo=True) for n in range(2)]

    ran: list[str] = []

    @app.handler("y")
    async def handle(_: int, context: JobContext) -> None:
        ran.append(context.id)

    async with app.worker(concurrency=1):
        await asyncio.gather(*(job.result(timeout=20) for job in (*added, *together, *first)))

    assert ran == [job.id for job in (*reversed(first), *added, *together)]


async def test_an_add_that_was_cancelled_takes_place_and_is_heard_of(
    app: Errands, url: str
) -> None:
    done = asyncio.Event()
    other = Errands(url)

    @other.handler("y")
    async def handle(_: None) -> None:
        done.set()

    async with other, other.worker(poll=60, idle_poll=60):
        await asyncio.sleep(0.5)
        async with a_connection("Connection", url) as caller:
            caller.execute(sa.text("LOCK TABLE errands_event IN SHARE MODE"))
            adding = asyncio.ensure_future(app.queue().add("y"))
            await asyncio.sleep(0.2)
            adding.cancel()
            with suppress(asyncio.CancelledError):
                await adding
            assert adding.cancelled()
            caller.rollback()

        await asyncio.wait_for(done.wait(), 10)

    assert len((await app.queue().jobs(name="y")).jobs) == 1
    assert (await app.queue().add("y")).is_new


async def test_an_add_over_a_session_that_was_ended_is_one_job(app: Errands, url: str) -> None:
    ends = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'errands'"
    )
    for _ in range(3):
        async with a_connection("Connection", url) as caller:
            caller.execute(ends)
        await app.queue().add("y")
        await asyncio.sleep(0.3)

    assert len((await app.queue().jobs(name="y")).jobs) == 3


async def test_event_loops_of_several_threads_add_side_by_side(app: Errands) -> None:
    async def add_some() -> None:
        for _ in range(50):
            await app.queue().add("y")

    threads = [threading.Thread(target=asyncio.run, args=(add_some(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    await add_some()
    for thread in threads:
        await asyncio.to_thread(thread.join)

    counts = await app.queue().counts()
    assert counts[JobStatus.WAITING].value == 201


async def test_closing_waits_for_an_add_that_is_under_way(url: str) -> None:
    app = await Errands(url, connections=1).initialize()
    await app.queue().add("before")
    await asyncio.sleep(0.3)

    async with a_connection("Connection", url) as caller:
        caller.execute(sa.text("LOCK TABLE errands_event IN SHARE MODE"))
        adding = asyncio.ensure_future(app.queue().add("y"))
        await asyncio.sleep(0.2)
        closing = asyncio.ensure_future(app.shutdown())
        await asyncio.sleep(0.5)
        assert not closing.done()
        caller.rollback()
        job = await asyncio.wait_for(adding, 5)
        await asyncio.wait_for(closing, 5)

    assert await sessions_of(url) == 0
    async with Errands(url) as app:
        assert (await app.queue().get(job.id)).name == "y"


async def test_no_session_stays_behind(url: str) -> None:
    async with Errands(url) as app:
        for _ in range(3):
            await app.queue().add("y")
            await asyncio.sleep(0.2)

    assert await sessions_of(url) == 0


async def sessions_of(url: str) -> int:
    """The sessions that are left, when those that end have had a moment for it."""
    left = sa.text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'errands'"
    )
    count = 0
    async with a_connection("Connection", url) as caller:
        for _ in range(50):
            count = int(caller.execute(left).scalar_one())
            caller.rollback()
            if not count:
                break
            await asyncio.sleep(0.1)
    return count
