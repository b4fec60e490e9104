"""Completing a job in the handler's own transaction."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from errands import (
    DifferentDatabase,
    Errands,
    InvalidPayload,
    JobContext,
    JobFailed,
    JobHandle,
    JobStatus,
    LeaseLost,
    SyncJobContext,
)
from tests.integration.callers import KINDS, a_connection, notes, settled


@pytest.fixture
async def app(app: Errands, path: Path) -> Errands:
    """An application whose database has a table of the caller, too."""
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        notes.create(connection)
    engine.dispose()
    return app


@pytest.fixture(params=KINDS)
async def caller(request: pytest.FixtureRequest, app: Errands, path: Path) -> AsyncIterator[Any]:
    """Each kind of connection in turn, on the queue's database."""
    async with a_connection(request.param, path) as connection:
        yield connection


async def written(caller: Any) -> list[str]:
    rows = await settled(caller.execute(sa.select(notes.c.text)))
    return list(rows.scalars().all())


async def history(app: Errands, job: JobHandle) -> list[str]:
    events = app.queue().events(after=0, job_id=job.id, follow=False)
    return [event.type.value async for event in events]


async def test_the_effect_and_the_end_are_committed_together(app: Errands, caller: Any) -> None:
    @app.handler("x")
    async def handle(data: object, context: JobContext) -> str:
        await settled(caller.execute(notes.insert().values(text="effect")))
        await context.complete_in(caller, {"answer": 42})
        await settled(caller.commit())
        return "what is returned counts no more"

    async with app.worker():
        job = await app.queue().add("x")
        assert await job.result(timeout=10) == {"answer": 42}

    assert await written(caller) == ["effect"]
    assert await history(app, job) == ["added", "active", "completed"]
    await job.refresh()
    assert (job.starts, job.attempts_made, job.crashes) == (1, 1, 0)


async def test_an_error_after_the_commit_changes_nothing(app: Errands, caller: Any) -> None:
    @app.handler("x")
    async def handle(data: object, context: JobContext) -> None:
        await context.complete_in(caller, "done")
        await settled(caller.commit())
        raise RuntimeError("too late")

    async with app.worker():
        job = await app.queue().add("x")
        assert await job.result(timeout=10) == "done"

    assert await history(app, job) == ["added", "active", "completed"]


async def test_after_a_rollback_the_returned_value_counts(app: Errands, caller: Any) -> None:
    @app.handler("x")
    async def handle(data: object, context: JobContext) -> str:
        await settled(caller.execute(notes.insert().values(text="effect")))
        await context.complete_in(caller, "within")
        await settled(caller.rollback())
        return "returned"

    async with app.worker():
        job = await app.queue().add("x")
        assert await job.result(timeout=10) == "returned"

    assert await written(caller) == []
    assert await history(app, job) == ["added", "active", "completed"]


async def test_after_a_rollback_an_error_counts(app: Errands, caller: Any) -> None:
    @app.handler("x")
    async def handle(data: object, context: JobContext) -> None:
        await context.complete_in(caller, "within")
        await settled(caller.rollback())
        raise ValueError("and no retry")

    async with app.worker():
        job = await app.queue().add("x", max_attempts=1)
        with pytest.raises(JobFailed, match="and no retry"):
            await job.result(timeout=10)


async def test_a_job_added_and_the_one_completed_share_a_transaction(
    app: Errands, caller: Any
) -> None:
    @app.handler("x")
    async def handle(data: object, context: JobContext) -> None:
        await app.queue("later").add("y", job_id="follow-up", connection=caller)
        await context.complete_in(caller)
        await settled(caller.commit())

    async with app.worker(["default"]):
        await (await app.queue().add("x")).result(timeout=10)

    assert (await app.queue("later").get("follow-up")).status is JobStatus.WAITING


async def test_a_lost_lease_is_told_and_the_effect_rolled_back(app: Errands, caller: Any) -> None:
    told: list[LeaseLost] = []

    @app.handler("x")
    async def handle(data: object, context: JobContext) -> None:
        if context.starts == 1 and not told:
            await app.queue().obliterate(force=True)
            await settled(caller.execute(notes.insert().values(text="effect")))
            try:
                await context.complete_in(caller)
            except LeaseLost as error:
                told.append(error)
                await settled(caller.rollback())
                raise
        await settled(caller.commit())

    async with app.worker():
        job = await app.queue().add("x")
        async for event in app.queue().events(after=0, job_id=job.id):
            if event.type.value == "lease_lost":
                break

    assert [error.job_id for error in told] == [job.id]
    assert await written(caller) == []


async def test_a_run_that_was_given_up_completes_nothing(app: Errands, path: Path) -> None:
    told: list[LeaseLost] = []
    given_up, returned = threading.Event(), threading.Event()

    @app.handler("x")
    def handle(data: object, context: SyncJobContext) -> None:
        given_up.wait(10)
        engine = sa.create_engine(f"sqlite:///{path}")
        try:
            with engine.begin() as connection:
                connection.execute(notes.insert().values(text="effect"))
                context.complete_in(connection)
        except LeaseLost as error:
            told.append(error)
        finally:
            engine.dispose()
            returned.set()

    async with app.worker():
        job = await app.queue().add("x", timeout=0.01, backoff=600)
        async for event in app.queue().events(after=0, job_id=job.id):
            if event.type.value == "delayed":
                break
        given_up.set()
        await asyncio.to_thread(returned.wait, 10)

    assert [error.job_id for error in told] == [job.id]
    async with a_connection("Connection", path) as connection:
        assert await written(connection) == []
    assert (await job.refresh()).status is JobStatus.DELAYED


async def test_a_result_without_json_form_completes_nothing(app: Errands, caller: Any) -> None:
    @app.handler("x")
    async def handle(data: object, context: JobContext) -> None:
        await settled(caller.execute(notes.insert().values(text="effect")))
        try:
            await context.complete_in(caller, object())
        except InvalidPayload:
            await settled(caller.rollback())
            raise
        await settled(caller.commit())

    async with app.worker():
        job = await app.queue().add("x", max_attempts=1)
        with pytest.raises(JobFailed, match="InvalidPayload"):
            await job.result(timeout=10)

    assert await written(caller) == []


async def test_another_database_is_refused_and_the_handlers_outcome_counts(
    app: Errands, tmp_path: Path
) -> None:
    refused: list[DifferentDatabase] = []

    @app.handler("x")
    async def handle(data: object, context: JobContext) -> str:
        async with a_connection("Session", tmp_path / "other.db") as session:
            try:
                await context.complete_in(session)
            except DifferentDatabase as error:
                refused.append(error)
        return "returned"

    async with app.worker():
        job = await app.queue().add("x")
        assert await job.result(timeout=10) == "returned"

    assert len(refused) == 1


@pytest.mark.parametrize("kind", ["Connection", "Session"])
async def test_a_sync_handler_completes_in_its_transaction(
    app: Errands, path: Path, kind: str
) -> None:
    engine = sa.create_engine(f"sqlite:///{path}")

    @app.handler("x")
    def handle(data: object, context: SyncJobContext) -> str:
        opened = engine.connect() if kind == "Connection" else Session(engine)
        with opened as caller, caller.begin():
            caller.execute(notes.insert().values(text="effect"))
            context.complete_in(caller, "within")
        return "returned"

    async with app.worker():
        job = await app.queue().add("x")
        assert await job.result(timeout=10) == "within"

    with engine.connect() as connection:
        assert connection.scalars(sa.select(notes.c.text)).all() == ["effect"]
    engine.dispose()
