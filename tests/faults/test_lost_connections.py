"""Connections that break at the worst moments. A proxy stands for the network."""

import asyncio
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from errands import Errands, EventType, JobContext, JobStatus, StoreError, StoreUnavailable
from errands.core.ports.unit_of_work import UnitOfWork
from errands.infrastructure.persistence.sql.server import clock
from tests.faults.looking import all_jobs, told, until
from tests.faults.own_server import OwnServer
from tests.faults.proxy import Proxy
from tests.faults.site import Site, engine_of, examined, through
from tests.faults.test_conflicts import sql_of

LEASE: dict[str, Any] = {"lease": 1.0, "renewal": 0.25, "poll": 0.1, "idle_poll": 0.1}
LONG_LEASE: dict[str, Any] = LEASE | {"lease": 10.0}
CUTS = [pytest.param("cut_before", marks=[pytest.mark.long]), "cut_after"]
"""The last message never reached the server; the server committed, and nobody heard it."""
LAST = {"postgresql": b"INSERT INTO errands_event", "mariadb": b"COMMIT"}
"""What the message says that commits an add: PostgreSQL commits it together with its events."""


@pytest.fixture
def proxy(own: OwnServer) -> Iterator[Proxy]:
    with Proxy(own.port) as proxy:
        yield proxy


@pytest.fixture
def far(own_site: Site, proxy: Proxy) -> str:
    """The database, by way of the proxy."""
    return through(own_site, proxy.port)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(("job_id", "rest"), [(None, 0.0), (None, 0.5), ("mine", 0.5)])
async def test_an_add_whose_commit_was_lost_is_one_job(
    own_site: Site, far: str, proxy: Proxy, cut: str, *, job_id: str | None, rest: float
) -> None:
    """After the rest PostgreSQL's message goes out from the event loop."""
    async with Errands(far) as app:
        await app.queue().add("before")
        await asyncio.sleep(rest)
        getattr(proxy, cut)(LAST[own_site.name])

        added = await app.queue().add("x", job_id=job_id)

        assert proxy.cuts == 1
        assert [job.id for job in await all_jobs(app) if job.name == "x"] == [added.id]
        assert (await told(app, EventType.ADDED))[added.id] == 1
        assert examined(app) == []


@pytest.mark.parametrize("cut", CUTS)
async def test_an_add_many_whose_commit_was_lost_is_there_once(
    own_site: Site, far: str, proxy: Proxy, cut: str
) -> None:
    async with Errands(far) as app:
        await app.queue().add("before")
        getattr(proxy, cut)(LAST[own_site.name])

        added = await app.queue().add_many([("x", number) for number in range(250)])

        assert proxy.cuts == 1
        there = [job for job in reversed(await all_jobs(app)) if job.name == "x"]
        assert [job.id for job in there] == [job.id for job in added]
        assert [job.data for job in there] == list(range(250))


@pytest.mark.parametrize("cut", CUTS)
async def test_a_claim_whose_commit_was_lost_runs_once_its_lease_has_ended_or_sooner(
    own_site: Site, far: str, proxy: Proxy, cut: str
) -> None:
    app = Errands(far)
    app.handler("x")(_starts)
    async with app, Errands(own_site.url) as near:
        async with app.worker(**LEASE):
            await asyncio.sleep(0.3)
            getattr(proxy, cut)(b"COMMIT")
            added = await near.queue().add("x")

            assert await added.result(timeout=20) in {1, 2}

        assert proxy.cuts == 1
        assert added.starts == added.crashes + 1
        assert await told(near, EventType.COMPLETED) == {added.id: 1}
        assert examined(near) == []


@pytest.mark.parametrize("cut", CUTS)
async def test_a_settlement_whose_commit_was_lost_is_settled_once(
    own_site: Site, far: str, proxy: Proxy, cut: str
) -> None:
    app = Errands(far)

    @app.handler("x")
    async def cut_the_next_commit(data: object, context: JobContext) -> int:
        getattr(proxy, cut)(b"COMMIT")
        return context.starts

    async with app, Errands(own_site.url) as near:
        added = await near.queue().add("x")
        async with app.worker(**LONG_LEASE):
            assert await added.result(timeout=20) == 1

        assert proxy.cuts == 1
        assert (added.starts, added.attempts_made) == (1, 1)
        assert await told(near, EventType.COMPLETED) == {added.id: 1}
        assert await told(near, EventType.LEASE_LOST) == {}


@pytest.mark.long
async def test_connections_cut_again_and_again_lose_nothing(
    own_site: Site, far: str, proxy: Proxy
) -> None:
    app = Errands(far)
    app.handler("x")(_starts)
    async with app, app.worker(**LEASE), Errands(own_site.url) as near:
        queue = app.queue(max_crashes=1_000)
        acknowledged: list[str] = []
        cutting = asyncio.ensure_future(_cut_often(proxy))
        while not cutting.done():
            with suppress(StoreError):
                acknowledged.append((await queue.add("x")).id)
            await asyncio.sleep(0.002)
        await until(lambda: _open_jobs(near), 0)

        jobs = await all_jobs(near)
        assert set(acknowledged) <= {job.id for job in jobs}
        assert {job.status for job in jobs} == {JobStatus.COMPLETED}
        assert await told(near, EventType.COMPLETED) == {job.id: 1 for job in jobs}
        assert examined(near) == []


async def _cut_often(proxy: Proxy) -> None:
    for _ in range(20):
        await asyncio.sleep(0.1)
        proxy.cut()


@pytest.mark.long
async def test_a_server_that_refuses_is_told_and_the_worker_goes_on_afterwards(
    own_site: Site, far: str, proxy: Proxy
) -> None:
    app = Errands(far, busy_timeout=1)
    app.handler("x")(_starts)
    async with app, app.worker(**LEASE) as worker, Errands(own_site.url) as near:
        await asyncio.sleep(0.2)
        proxy.refuse()

        with pytest.raises(StoreUnavailable):
            await app.queue().add("x")
        added = await near.queue().add("x")
        await asyncio.sleep(0.5)
        assert worker.is_running

        proxy.accept()
        assert await added.result(timeout=20) == 1


@pytest.mark.long
async def test_a_job_goes_on_and_counts_while_its_renewals_fail(
    own_site: Site, far: str, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody else is there to take its lease: its own scheduler cannot, either."""
    app = Errands(far)

    @app.handler("x")
    async def outlast(data: object, context: JobContext) -> int:
        proxy.refuse()
        await asyncio.sleep(1.2)
        proxy.accept()
        return context.starts

    async with app, Errands(own_site.url) as near:
        added = await near.queue().add("x")
        async with app.worker(**LONG_LEASE):
            assert await added.result(timeout=20) == 1

    assert (added.starts, added.crashes) == (1, 0)
    assert "trying again" in caplog.text


async def test_an_error_of_the_unit_is_not_hidden_by_a_failing_rollback(
    own: OwnServer, far: str, proxy: Proxy
) -> None:
    class Own(Exception):
        pass

    def fail(uow: UnitOfWork) -> None:
        uow.jobs.last_sequence()
        proxy.refuse()
        raise Own

    async with Errands(far) as app:
        with pytest.raises(Own):
            await app.container.store().transact(fail)
        proxy.accept()

        assert (await app.queue().add("x")).is_new


@pytest.mark.parametrize("store_name", ["postgresql"], indirect=True)
async def test_a_transaction_that_the_server_has_ended_before_its_commit_runs_again(
    site: Site,
) -> None:
    """As where the server, or this process, is frozen within it for longer than it may be idle."""
    runs: list[int] = []

    def unit(uow: UnitOfWork) -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            soon = "SET LOCAL idle_in_transaction_session_timeout = '50ms'"
            sql_of(uow).execute(sa.text(soon))
        uow.queues.register({"kept"})
        time.sleep(0.5 if len(runs) == 1 else 0.0)

    async with Errands(site.url) as app:
        await app.container.store().transact(unit)

        assert len(runs) == 2
        assert [queue.name for queue in await app.queues()] == ["kept"]


@pytest.mark.long
async def test_sessions_that_the_server_ends_are_replaced(own_site: Site) -> None:
    async with Errands(own_site.url) as app:
        for number in range(5):
            await app.queue().add("x")
            _end_sessions(own_site)

            assert (await app.queue().counts())[JobStatus.WAITING].value == number + 1
            _end_sessions(own_site)


async def test_a_callers_add_goes_on_although_the_sessions_of_its_queue_have_ended(
    own_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one of those the server is asked for its time, which is old after some seconds."""
    monkeypatch.setattr(clock, "SAMPLE_EVERY", 0.0)
    async with Errands(own_site.url) as app:
        for _ in range(2):
            with own_site.connection() as connection:
                assert (await app.queue().add("x", connection=connection)).is_new
                connection.commit()
            _end_sessions(own_site)

        assert (await app.queue().counts())[JobStatus.WAITING].value == 2


@pytest.mark.long
async def test_a_server_without_a_free_session_is_waited_for_or_told(own_site: Site) -> None:
    async with Errands(own_site.url) as app:
        await app.queue().add("x")
        engine = engine_of(own_site.url, poolclass=NullPool)
        _end_sessions(own_site)
        with _every_session(engine):
            adding = asyncio.ensure_future(app.queue().add("y", job_id="y"))
            await asyncio.sleep(0.5)

        with suppress(StoreUnavailable):
            await adding
        assert (await app.queue().add("y", job_id="y")).id == "y"


@contextmanager
def _every_session(engine: sa.Engine) -> Generator[None]:
    held: list[sa.Connection] = []
    with suppress(OperationalError):
        while True:
            held.append(engine.connect())
    try:
        yield
    finally:
        for connection in held:
            connection.close()


def _end_sessions(site: Site) -> None:
    """As an administrator ends them, and as a failover does."""
    if site.name == "postgresql":
        site.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return
    ids = site.run(
        "SELECT id FROM information_schema.processlist"
        " WHERE db = database() AND id <> connection_id()"
    )
    for (number,) in ids:
        with suppress(OperationalError):
            site.run(f"KILL CONNECTION {int(number)}")


async def _open_jobs(app: Errands) -> int:
    counts = await app.queue().counts()
    return sum(counts[s].value for s in (JobStatus.WAITING, JobStatus.ACTIVE, JobStatus.DELAYED))


async def _starts(data: object, context: JobContext) -> int:
    return context.starts
