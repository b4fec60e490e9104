"""Changes of many jobs wait for each other in one order: that of their keys."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from errands import Errands
from errands.core.application.use_cases.settle import WorkerCycle, run_cycle
from errands.core.domain.job.job import Job
from errands.core.domain.job.lease import Claim
from errands.core.domain.job.moment import Moment
from errands.core.ports.lease_repository import Held
from errands.core.ports.unit_of_work import UnitOfWork
from tests.integration.servers.callers import engine_url

COUNT = 1_000
"""Few enough for a planner to read a whole table, many enough for that to show."""
LOCK = sa.text("SELECT id FROM errands_job WHERE id = :id FOR UPDATE")
FREE = sa.text("SELECT id FROM errands_job ORDER BY sequence FOR UPDATE SKIP LOCKED")
MOVE = sa.text("UPDATE errands_job SET priority = priority WHERE id = :id")
LOCK_QUEUE = sa.text("SELECT name FROM errands_queue WHERE name = :name FOR UPDATE")
FREE_QUEUES = sa.text("SELECT name FROM errands_queue ORDER BY name FOR UPDATE SKIP LOCKED")


def complete(uow: UnitOfWork, jobs: list[Job]) -> None:
    """Settle runs as a worker does, which has not locked them before."""
    for job in jobs:
        job.complete("null", Moment(uow.now))
    assert uow.jobs.save(jobs) == []


def report(uow: UnitOfWork, jobs: list[Job]) -> None:
    """Write the progress of runs."""
    reports = [(Held(job.key, str(job.token)), "1") for job in jobs]
    assert all(uow.journal.write_progress(reports))


def find(uow: UnitOfWork, jobs: list[Job]) -> None:
    """Load jobs to change them."""
    assert len(uow.jobs.find([job.ref for job in jobs])) == len(jobs)


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    """Connections of somebody who is not Errands."""
    engine = sa.create_engine(engine_url(url), isolation_level="READ COMMITTED")
    yield engine
    engine.dispose()


@pytest.mark.parametrize("change", [complete, report, find])
async def test_rows_are_locked_in_the_order_of_their_keys(
    app: Errands, engine: sa.Engine, change: Callable[[UnitOfWork, list[Job]], None]
) -> None:
    """In a small table that nobody has analysed, whose rows lie in the opposite order."""
    added = await app.queue().add_many([("x", None)] * COUNT)
    ids = [job.id for job in added]
    store = app.container.store()
    claim = Claim("default", COUNT, "worker", "token", timedelta(minutes=5))
    jobs = await store.transact(lambda uow: uow.leases.claim(claim))
    with engine.connect() as mover:
        for id_ in reversed(ids):
            mover.execute(MOVE, {"id": id_})
            mover.commit()

    with engine.connect() as blocker, engine.connect() as prober:
        blocker.execute(LOCK, {"id": ids[COUNT // 2]})
        changing = asyncio.ensure_future(store.transact(lambda uow: change(uow, jobs[::-1])))
        before, free = list[str](), ids
        while before != free or len(free) > COUNT // 2:
            await asyncio.sleep(0.05)
            assert not changing.done()
            before, free = free, [row[0] for row in prober.execute(FREE)]
            prober.rollback()
        blocker.rollback()
        await changing

    assert free == ids[COUNT // 2 + 1 :]


async def test_queues_that_may_be_drained_are_locked_in_the_order_of_their_names(
    app: Errands, engine: sa.Engine
) -> None:
    """Whichever the worker claims from first: each begins with another one."""
    for name in ("a", "b"):
        await (await app.queue(name).add("x")).cancel()
    lease = timedelta(minutes=5)
    claims = tuple(Claim(name, 1, "worker", "token", lease) for name in ("b", "a"))
    earlier = datetime(2020, 1, 1, tzinfo=UTC)
    worked = {"a": earlier, "b": earlier}
    turn = WorkerCycle(claims=claims, free=1, worked=worked)

    with engine.connect() as blocker, engine.connect() as prober:
        blocker.execute(LOCK_QUEUE, {"name": "a"})
        store = app.container.store()
        turning = asyncio.ensure_future(store.transact(lambda uow: run_cycle(uow, turn)))
        await asyncio.sleep(0.5)
        free = [row[0] for row in prober.execute(FREE_QUEUES)]
        prober.rollback()
        assert not turning.done()
        blocker.rollback()
        await turning

    assert free == ["b"]
