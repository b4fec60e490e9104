"""Adding in the caller's own transaction on a server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.rows import dict_row
from pymysql.cursors import DictCursor

from errands import ConnectionRefused, DifferentDatabase, Errands, JobContext
from tests.integration.callers import settled
from tests.integration.servers.callers import KINDS, SYNC_KINDS, a_connection, exists
from tests.servers import Server


@pytest.fixture(params=KINDS)
async def caller(request: pytest.FixtureRequest, app: Errands, url: str) -> AsyncIterator[Any]:
    """Each kind of connection in turn, on the queue's database."""
    if not exists(request.param, url):
        pytest.skip("this server has fewer async drivers")
    async with a_connection(request.param, url) as connection:
        yield connection


async def ids(app: Errands) -> list[str]:
    page = await app.queue().jobs(newest_first=False)
    return [job.id for job in page.jobs]


async def test_the_job_exists_once_the_caller_has_committed(app: Errands, caller: Any) -> None:
    job = await app.queue().add("x", {"n": "ü"}, connection=caller)

    assert job.is_new
    assert await ids(app) == []
    await settled(caller.commit())
    assert await ids(app) == [job.id]


STRANGE: dict[str, list[dict[str, Any]]] = {
    "postgresql": [{"row_factory": dict_row}, {"cursor_factory": psycopg.RawCursor}],
    "mariadb": [{"cursorclass": DictCursor}],
}
"""Options that let a driver's connection make rows, or take parameters, in another way."""


async def test_a_connection_of_the_driver_may_make_rows_of_any_kind(app: Errands, url: str) -> None:
    for options in STRANGE[url.partition(":")[0]]:
        async with a_connection("driver", url, **options) as caller:
            first = await app.queue().add("x", 1, job_id=repr(options)[:9], connection=caller)
            again = await app.queue().add("x", 2, job_id=first.id, connection=caller)
            caller.commit()

        assert (first.is_new, again.is_new, again.data) == (True, False, 1)


async def test_a_rollback_leaves_no_job_and_no_event(app: Errands, caller: Any) -> None:
    await app.queue().add("x", connection=caller)
    await app.queue("new").add_many([("x", 1), ("y", 2)], connection=caller)

    await settled(caller.rollback())

    assert await ids(app) == []
    assert [queue.name for queue in await app.queues()] == ["default", "new"]
    assert [e async for e in app.queue().events(after=0, follow=False)] == []


async def test_an_id_that_is_taken_gives_the_job_that_has_it(app: Errands, caller: Any) -> None:
    first = await app.queue().add("x", 1, job_id="a")

    again = await app.queue().add("x", 2, job_id="a", connection=caller)
    await settled(caller.commit())

    assert first.is_new
    assert not again.is_new
    assert again.data == 1


async def test_an_open_add_holds_nobody_up(app: Errands, caller: Any) -> None:
    mine = await app.queue().add("x", connection=caller)

    others = [await asyncio.wait_for(app.queue().add("x"), 5) for _ in range(3)]

    assert await ids(app) == [job.id for job in others]
    await settled(caller.commit())
    assert await ids(app) == [mine.id, *(job.id for job in others)]


async def test_the_callers_commit_wakes_an_idle_worker(app: Errands, caller: Any, url: str) -> None:
    async def answer(context: JobContext) -> Any:
        return context.data

    async with Errands(url) as other, other.worker("default", processor=answer, poll=60):
        await asyncio.sleep(0.3)
        job = await app.queue().add("x", 7, connection=caller)
        await settled(caller.commit())

        assert await job.result(timeout=5) == 7


@pytest.mark.parametrize("kind", KINDS)
async def test_a_database_without_errands_is_refused_and_the_transaction_goes_on(
    app: Errands, bare_url: str, kind: str
) -> None:
    if not exists(kind, bare_url):
        pytest.skip("this server has fewer async drivers")
    async with a_connection(kind, bare_url) as caller:
        with pytest.raises(DifferentDatabase):
            await app.queue().add("x", connection=caller)
        if kind != "driver":
            await settled(caller.execute(sa.text("SELECT 1")))


async def test_another_queue_database_is_refused(app: Errands, bare_url: str) -> None:
    async with Errands(bare_url), a_connection("Connection", bare_url) as caller:
        with pytest.raises(DifferentDatabase):
            await app.queue().add("x", connection=caller)


async def test_a_database_of_another_kind_is_refused(app: Errands) -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as caller, pytest.raises(DifferentDatabase):
        await app.queue().add("x", connection=caller)
    engine.dispose()


@pytest.mark.parametrize("kind", SYNC_KINDS)
async def test_autocommit_is_refused(app: Errands, url: str, kind: str) -> None:
    options: dict[str, Any] = (
        {"autocommit": True} if kind == "driver" else {"isolation_level": "AUTOCOMMIT"}
    )
    async with a_connection(kind, url, **options) as caller:
        with pytest.raises(ConnectionRefused, match="transaction"):
            await app.queue().add("x", connection=caller)


@pytest.mark.parametrize("thing", ["postgresql://", 7, object()])
async def test_what_is_no_connection_is_refused(app: Errands, thing: object) -> None:
    with pytest.raises(ConnectionRefused, match="connection: must be"):
        await app.queue().add("x", connection=thing)


async def test_a_savepoint_that_is_rolled_back_takes_only_its_own_jobs(
    app: Errands, url: str
) -> None:
    async with a_connection("Connection", url) as caller:
        kept = await app.queue().add("x", connection=caller)
        with caller.begin_nested() as inner:
            await app.queue().add("x", connection=caller)
            inner.rollback()
        caller.commit()

    assert await ids(app) == [kept.id]


async def test_names_with_trailing_blanks_and_other_case_are_names_of_their_own(
    app: Errands, server: Server
) -> None:
    names = ["a", "a ", "A", "ä", "Ä", "a\u0308"]

    jobs = [await app.queue().add("x", job_id=name) for name in names]

    assert all(job.is_new for job in jobs)
    assert sorted(await ids(app)) == sorted(names)
