"""Adding in the caller's own transaction."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from errands import ConnectionRefused, DifferentDatabase, Errands
from tests.integration.callers import KINDS, SYNC_KINDS, a_connection, notes, settled
from tests.integration.processes import Processes


class Base(DeclarativeBase):
    """The caller's own tables."""


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


@pytest.fixture
async def app(app: Errands, path: Path) -> Errands:
    """An application whose database has tables of the caller, too."""
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        notes.create(connection)
        Base.metadata.create_all(connection)
    engine.dispose()
    return app


@pytest.fixture(params=KINDS)
async def caller(request: pytest.FixtureRequest, app: Errands, path: Path) -> AsyncIterator[Any]:
    """Each kind of connection in turn, on the queue's database."""
    async with a_connection(request.param, path) as connection:
        yield connection


@pytest.fixture(params=SYNC_KINDS)
async def sync_caller(
    request: pytest.FixtureRequest, app: Errands, path: Path
) -> AsyncIterator[Any]:
    """Those kinds that the synchronous API takes."""
    async with a_connection(request.param, path) as connection:
        yield connection


async def ids(app: Errands) -> list[str]:
    page = await app.queue().jobs(newest_first=False)
    return [job.id for job in page.jobs]


async def test_the_job_exists_once_the_caller_has_committed(app: Errands, caller: Any) -> None:
    job = await app.queue().add("x", {"n": 1}, connection=caller)

    assert job.is_new
    assert await ids(app) == []
    await settled(caller.commit())
    assert await ids(app) == [job.id]


async def test_a_rollback_leaves_nothing(app: Errands, caller: Any) -> None:
    await app.queue().add("x", connection=caller)
    await app.queue("new").add_many([("x", 1), ("y", 2)], connection=caller)

    await settled(caller.rollback())

    assert await ids(app) == []
    assert await app.queues() == []
    assert [e async for e in app.queue().events(after=0, follow=False)] == []


async def test_jobs_and_the_callers_rows_are_committed_together(app: Errands, caller: Any) -> None:
    await settled(caller.execute(notes.insert().values(text="ordered")))
    await app.queue().add_many([("x", 1), ("y", 2)], connection=caller)
    await settled(caller.commit())

    rows = await settled(caller.execute(sa.select(notes.c.text)))
    assert rows.scalars().all() == ["ordered"]
    assert len(await ids(app)) == 2


async def test_an_id_that_is_taken_gives_the_job_that_has_it(app: Errands, caller: Any) -> None:
    await app.queue().add("first", job_id="one")

    again = await app.queue().add("second", job_id="one", connection=caller)
    twice = await app.queue().add_many(
        [("x", 1, {"job_id": "two"}), ("y", 2, {"job_id": "two"})], connection=caller
    )
    await settled(caller.commit())

    assert (again.is_new, again.name) == (False, "first")
    assert [(job.is_new, job.name) for job in twice] == [(True, "x"), (False, "x")]
    assert await ids(app) == ["one", "two"]


async def test_the_order_of_adding_holds_within_and_without(app: Errands, caller: Any) -> None:
    await app.queue().add("x", job_id="before")
    await app.queue().add("x", job_id="within", connection=caller)
    await settled(caller.commit())
    await app.queue().add("x", job_id="after")

    assert await ids(app) == ["before", "within", "after"]


async def test_the_synchronous_queue_takes_the_synchronous_kinds(
    app: Errands, sync_caller: Any
) -> None:
    job = app.sync.queue().add("x", connection=sync_caller)
    app.sync.queue().add_many([("y", 1)], connection=sync_caller)
    assert await ids(app) == []

    sync_caller.commit()

    assert (await ids(app))[0] == job.id
    assert len(await ids(app)) == 2


async def test_the_callers_commit_wakes_an_idle_worker(
    app: Errands, caller: Any, processes: Processes
) -> None:
    worker = processes.start("work", 60)
    worker.expect("ready")
    first = await app.queue().add("note")
    worker.expect(f"ran {first.id}")
    await first.result(timeout=10)

    job = await app.queue().add("note", connection=caller)
    await settled(caller.commit())

    worker.expect(f"ran {job.id}", timeout=10)


async def test_the_callers_commit_wakes_a_worker_of_its_own_process(
    app: Errands, caller: Any
) -> None:
    app.handler("x")(_nothing)

    async with app.worker(poll=60, idle_poll=60):
        await (await app.queue().add("x")).result(timeout=10)
        job = await app.queue().add("x", connection=caller)
        await settled(caller.commit())

        await job.result(timeout=10)


async def _nothing(data: object) -> None:
    pass


async def test_a_session_is_flushed_before_the_job_is_added(app: Errands, path: Path) -> None:
    async with a_connection("Session", path) as session:
        session.add(Order(id=7))
        job = await app.queue().add("bill", {"order": 7}, connection=session)
        assert session.connection().scalar(sa.select(Order.id)) == 7
        session.commit()

    assert await ids(app) == [job.id]


async def test_an_error_of_the_callers_own_flush_is_the_callers(app: Errands, path: Path) -> None:
    async with a_connection("Session", path) as session:
        session.add(Order(id=7))
        session.commit()
        session.expunge_all()

        session.add(Order(id=7))
        with pytest.raises(exc.IntegrityError, match="UNIQUE"):
            await app.queue().add("bill", connection=session)
        session.rollback()

    assert await ids(app) == []


async def test_an_integrity_error_after_the_add_takes_the_job_along(
    app: Errands, caller: Any
) -> None:
    await settled(caller.execute(notes.insert().values(text="once")))
    await settled(caller.commit())

    await app.queue().add("x", connection=caller)
    with pytest.raises(exc.IntegrityError):
        await settled(caller.execute(notes.insert().values(text="once")))
    await settled(caller.rollback())

    assert await ids(app) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_another_database_of_errands_is_refused(
    app: Errands, tmp_path: Path, kind: str
) -> None:
    other = tmp_path / "other.db"
    async with Errands(f"sqlite:///{other}"), a_connection(kind, other) as connection:
        with pytest.raises(DifferentDatabase) as refused:
            await app.queue().add("x", connection=connection)

    assert refused.value.field == "connection"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_database_without_errands_is_refused_and_the_transaction_goes_on(
    app: Errands, tmp_path: Path, kind: str
) -> None:
    async with a_connection(kind, tmp_path / "plain.db") as connection:
        await settled(connection.execute(sa.text("CREATE TABLE notes (text)")))
        await settled(connection.execute(notes.insert().values(text="kept")))

        with pytest.raises(DifferentDatabase):
            await app.queue().add("x", connection=connection)

        await settled(connection.commit())
        rows = await settled(connection.execute(sa.select(notes.c.text)))
        assert rows.scalars().all() == ["kept"]


@pytest.mark.parametrize("kind", KINDS)
async def test_autocommit_of_the_engine_is_refused(app: Errands, path: Path, kind: str) -> None:
    async with a_connection(kind, path, isolation_level="AUTOCOMMIT") as connection:
        with pytest.raises(ConnectionRefused, match="AUTOCOMMIT"):
            await app.queue().add("x", connection=connection)

    assert await ids(app) == []


async def test_autocommit_of_a_connection_is_refused(app: Errands, path: Path) -> None:
    async with a_connection("Connection", path) as connection:
        automatic = connection.execution_options(isolation_level="AUTOCOMMIT")

        with pytest.raises(ConnectionRefused, match="AUTOCOMMIT"):
            await app.queue().add("x", connection=automatic)

    async with a_connection("AsyncConnection", path) as connection:
        automatic = await connection.execution_options(isolation_level="AUTOCOMMIT")

        with pytest.raises(ConnectionRefused, match="AUTOCOMMIT"):
            await app.queue().add("x", connection=automatic)

    assert await ids(app) == []


@pytest.mark.parametrize("thing", ["sqlite://", 7, object()])
async def test_what_is_no_connection_is_refused(app: Errands, thing: object) -> None:
    with pytest.raises(ConnectionRefused, match=f"not {type(thing).__name__}"):
        await app.queue().add("x", connection=thing)
    with pytest.raises(ConnectionRefused, match=f"not {type(thing).__name__}"):
        app.sync.queue().add("x", connection=thing)


async def test_another_copy_of_sqlite_is_refused(app: Errands, tmp_path: Path) -> None:
    latest = pytest.importorskip("pysqlite3.dbapi2")
    async with a_connection("Connection", tmp_path / "own.db", module=latest) as connection:
        with pytest.raises(ConnectionRefused, match="another copy of SQLite"):
            await app.queue().add("x", connection=connection)


async def test_the_synchronous_queue_refuses_an_async_connection(app: Errands, path: Path) -> None:
    async with a_connection("AsyncConnection", path) as connection:
        with pytest.raises(ConnectionRefused, match="not AsyncConnection"):
            app.sync.queue().add("x", connection=connection)


async def test_a_savepoint_before_any_change_is_refused(app: Errands, caller: Any) -> None:
    nested = await settled(caller.begin_nested())

    with pytest.raises(ConnectionRefused, match="SAVEPOINT"):
        await app.queue().add("x", connection=caller)

    await settled(nested.rollback())
    await settled(caller.rollback())
    assert await ids(app) == []


async def test_a_savepoint_behind_an_add_is_part_of_the_transaction(
    app: Errands, caller: Any
) -> None:
    await app.queue().add("x", connection=caller)
    nested = await settled(caller.begin_nested())
    await app.queue().add("y", connection=caller)
    await settled(nested.commit())

    await settled(caller.rollback())

    assert await ids(app) == []


async def test_a_savepoint_that_is_rolled_back_takes_only_its_own_jobs(
    app: Errands, caller: Any
) -> None:
    await app.queue().add("x", job_id="outer", connection=caller)
    nested = await settled(caller.begin_nested())
    await app.queue().add("y", job_id="inner", connection=caller)
    await settled(nested.rollback())

    await settled(caller.commit())

    assert await ids(app) == ["outer"]


async def test_a_transaction_noted_before_vouches_for_no_later_one(
    app: Errands, caller: Any
) -> None:
    await app.queue().add("x", connection=caller)
    await settled(caller.rollback())
    nested = await settled(caller.begin_nested())

    with pytest.raises(ConnectionRefused, match="SAVEPOINT"):
        await app.queue().add("x", connection=caller)

    await settled(nested.rollback())


async def test_a_savepoint_is_fine_where_the_engine_emits_begin(app: Errands, path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"isolation_level": None})

    @event.listens_for(engine, "begin")
    def _(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with Session(engine) as session:
        with session.begin_nested():
            await app.queue().add("x", connection=session)
        session.rollback()
        assert await ids(app) == []

        with session.begin_nested():
            await app.queue().add("x", connection=session)
        session.commit()
    engine.dispose()

    assert len(await ids(app)) == 1
