"""Completing in the handler's own transaction on a server."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from errands import Errands, JobContext
from tests.integration.callers import settled
from tests.integration.servers.callers import KINDS, a_connection, exists

NOTES = sa.Table("notes", sa.MetaData(), sa.Column("text", sa.String(100), primary_key=True))


@pytest.fixture(params=[kind for kind in KINDS if kind != "driver"])
async def kind(request: pytest.FixtureRequest, url: str) -> AsyncIterator[str]:
    """Each kind of connection that can run the caller's own Core statements."""
    if not exists(request.param, url):
        pytest.skip("this server has fewer async drivers")
    async with a_connection("Connection", url) as connection:
        NOTES.drop(connection, checkfirst=True)
        NOTES.create(connection)
        connection.commit()
    yield request.param
    async with a_connection("Connection", url) as connection:
        NOTES.drop(connection)
        connection.commit()


async def notes(url: str) -> list[str]:
    async with a_connection("Connection", url) as connection:
        return list(connection.execute(sa.select(NOTES.c.text)).scalars())


async def test_the_effect_and_the_end_are_committed_together(
    app: Errands, url: str, kind: str
) -> None:
    seen: list[str] = []

    async def write(context: JobContext) -> str:
        async with a_connection(kind, url) as session:
            await settled(session.execute(NOTES.insert().values(text=context.data)))
            done = context.complete_in(session, "done")
            await settled(done)
            seen.append((await app.queue().get(context.id)).status)
            await settled(session.commit())
        return "ignored"

    async with app.worker("default", processor=write):
        job = await app.queue().add("x", "written")
        assert await job.result(timeout=10) == "done"

    assert seen == ["active"]
    assert await notes(url) == ["written"]
    assert (await job.refresh()).attempts_made == 1


async def test_after_a_rollback_the_returned_value_counts(
    app: Errands, url: str, kind: str
) -> None:
    async def write(context: JobContext) -> str:
        async with a_connection(kind, url) as session:
            await settled(session.execute(NOTES.insert().values(text=context.data)))
            await settled(context.complete_in(session, "never"))
            await settled(session.rollback())
        return "returned"

    async with app.worker("default", processor=write):
        job = await app.queue().add("x", "undone")
        assert await job.result(timeout=10) == "returned"

    assert await notes(url) == []


async def test_leases_are_renewed_while_the_handlers_transaction_is_open(
    app: Errands, url: str, kind: str
) -> None:
    """Its lock on the job's row must not hold up what the worker does for its other runs."""
    import asyncio

    async def write(context: JobContext) -> Any:
        if context.data == "other":
            await asyncio.sleep(3)
            return "other"
        async with a_connection(kind, url) as session:
            await settled(context.complete_in(session, "done"))
            await asyncio.sleep(3)
            await settled(session.commit())
        return None

    async with app.worker("default", processor=write, lease=1, renewal=0.2):
        jobs = [await app.queue().add("x", data) for data in ("mine", "other")]
        results = [await job.result(timeout=20) for job in jobs]

    assert results == ["done", "other"]
    assert [(await job.refresh()).crashes for job in jobs] == [0, 0]
