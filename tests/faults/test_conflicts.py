"""Transactions that the server rolls back: each unit runs again as a whole."""

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, cast

import pytest
import sqlalchemy as sa

from errands import Errands, JobContext, JobStatus, StoreBusy
from errands.core.domain.events import Event, EventType
from errands.core.ports.unit_of_work import UnitOfWork
from tests.faults.looking import until
from tests.faults.site import Site, engine_of, examined

RISKY = {
    "postgresql": "SET deadlock_timeout = '30s'",
    "mariadb": "SET innodb_lock_wait_timeout = 30",
}
"""So that it is never the foreign transaction that gives way."""
DEADLOCKS = {
    "postgresql": "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    "mariadb": "SELECT variable_value FROM information_schema.global_status"
    " WHERE variable_name = 'innodb_deadlocks'",
}


async def test_a_unit_that_was_the_victim_of_a_deadlock_runs_again(own_site: Site) -> None:
    async with Errands(own_site.url) as app:
        first, second = [job.id for job in await app.queue().add_many([("x", None)] * 2)]
        await app.queue("ballast").add_many([("x", None)] * 50)
        foreign = Foreign(own_site)
        runs: list[int] = []

        def unit(uow: UnitOfWork) -> None:
            runs.append(len(runs))
            touch(uow, first)
            if len(runs) == 1:
                foreign.lock(second)
                foreign.lock_in_a_thread(first)
            touch(uow, second)

        before = deadlocks(own_site)
        with foreign:
            await app.container.store().transact(unit)

        assert len(runs) >= 2
        await until(lambda: asyncio.to_thread(lambda: deadlocks(own_site) > before), True)


def deadlocks(site: Site) -> int:
    """How many the server has counted so far."""
    return int(site.run(DEADLOCKS[site.name])[0][0])


def latest_deadlock(site: Site) -> str:
    """What the server says of it; PostgreSQL tells only its log."""
    if site.name != "mariadb":
        return "see the log of the server"
    [[_, _, status]] = site.run("SHOW ENGINE INNODB STATUS")
    return str(status).partition("LATEST DETECTED DEADLOCK")[2].partition("\nTRANSACTIONS\n")[0]


def sql_of(uow: UnitOfWork) -> Any:
    """The transaction below a unit."""
    return cast("Any", uow).sql


def touch(uow: UnitOfWork, job_id: str) -> None:
    """Lock the row of a job by a change."""
    sql: Any = sql_of(uow)
    jobs = sql.dialect.tables.jobs
    sql.execute(sa.update(jobs).where(jobs.c.id == job_id).values(priority=jobs.c.priority))


class Foreign:
    """A transaction of somebody else that locks rows in an order of its own."""

    def __init__(self, site: Site) -> None:
        self._engine = engine_of(site.url, isolation_level="READ COMMITTED")
        self._connection = self._engine.connect()
        self._connection.exec_driver_sql(RISKY[site.name])
        # Where the smaller transaction gives way, this must not be the smaller one.
        self._connection.exec_driver_sql(
            "UPDATE errands_job SET priority = priority + 1 WHERE queue = 'ballast'"
        )
        self._thread: threading.Thread | None = None

    def lock(self, job_id: str) -> None:
        """Lock a job's row."""
        text = sa.text("UPDATE errands_job SET priority = priority WHERE id = :id")
        self._connection.execute(text, {"id": job_id})

    def lock_in_a_thread(self, job_id: str) -> None:
        """Lock another one, which will have to wait; commit when it got it."""
        self._thread = threading.Thread(target=self._lock_and_commit, args=(job_id,))
        self._thread.start()
        threading.Event().wait(0.3)

    def _lock_and_commit(self, job_id: str) -> None:
        self.lock(job_id)
        self._connection.commit()

    def __enter__(self) -> "Foreign":
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._thread.join()
        self._connection.close()
        self._engine.dispose()


@pytest.mark.long
async def test_a_row_that_stays_locked_is_waited_for(own_site: Site) -> None:
    """Longer than a statement may wait for a lock: that breaks it off, and the unit goes on."""
    async with Errands(own_site.url, busy_timeout=20) as app:
        job = await app.queue().add("x")
        with own_site.frozen():
            cancelling = asyncio.ensure_future(job.cancel())
            await asyncio.sleep(3.5)
            assert not cancelling.done()

        await cancelling

        assert job.status is JobStatus.CANCELLED


@pytest.mark.long
async def test_a_row_that_stays_locked_for_too_long_is_store_busy(own_site: Site) -> None:
    async with Errands(own_site.url, busy_timeout=0.5) as app:
        job = await app.queue().add("x")
        with own_site.frozen(), pytest.raises(StoreBusy):
            await job.cancel()

        await job.cancel()

        assert job.status is JobStatus.CANCELLED


RAISES: dict[str, Callable[[str], str]] = {
    "postgresql": lambda code: (
        f"DO $$ BEGIN RAISE EXCEPTION 'told' USING ERRCODE = '{code}'; END $$"
    ),
    "mariadb": lambda code: f"SIGNAL SQLSTATE '{code}' SET MYSQL_ERRNO = 1213",
}


@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_what_the_server_rolled_back_for_a_passing_reason_runs_again(
    own_site: Site, code: str
) -> None:
    """The server is told to say so: such errors are too rare to wait for."""
    runs: list[int] = []

    def unit(uow: UnitOfWork) -> None:
        runs.append(len(runs))
        uow.events.append([Event(EventType.CLEANED, uow.now, "default", None)])
        if len(runs) < 4:
            text = RAISES[own_site.name](code if own_site.name == "postgresql" else "40001")
            sql_of(uow).execute(sa.text(text))

    async with Errands(own_site.url) as app:
        await app.queue().add("x")
        await app.container.store().transact(unit)

        assert len(runs) == 4
        cleaned = app.queue().events(after=0, types=["cleaned"], follow=False)
        assert len([event async for event in cleaned]) == 1


@pytest.mark.long
async def test_bulk_verbs_workers_and_schedulers_side_by_side_do_not_deadlock(
    own_site: Site,
) -> None:
    """Rows are locked in the order of their ids: the server counts what breaks that."""
    before = deadlocks(own_site)
    app = Errands(own_site.url)

    @app.handler("x")
    async def fail_once(data: object, context: JobContext) -> None:
        if context.starts == 1:
            raise ValueError

    quick: dict[str, Any] = {"poll": 0.05, "idle_poll": 0.05, "lease": 1.0, "renewal": 0.1}
    async with app, app.worker(**quick), app.worker(**quick), app.worker(**quick):
        queue = app.queue(backoff=0.05)
        with _in_threads(4, lambda: _churn(own_site.url)):
            for _ in range(15):
                jobs = await queue.add_many([("x", None, {"delay": 0.02})] * 40)
                await asyncio.gather(*(job.cancel() for job in jobs[::3]), return_exceptions=True)
        assert examined(app) == []

    assert deadlocks(own_site) == before, latest_deadlock(own_site)


def _churn(url: str) -> None:
    with Errands(url).sync as app:
        queue = app.queue()
        for _ in range(15):
            queue.promote_many()
            queue.retry_many()
            queue.clean(0, limit=20)


@contextmanager
def _in_threads(count: int, call: Callable[[], None]) -> Generator[None]:
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - raised in the test below
            errors.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in threads:
        thread.start()
    yield
    while any(thread.is_alive() for thread in threads):
        for thread in threads:
            thread.join(0.01)
    assert errors == []
