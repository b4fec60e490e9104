"""A pooler that gives each transaction another session."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from errands import Errands, JobContext, JobStatus
from errands.infrastructure.persistence.sql.postgresql import notifier
from tests.faults.looking import until_done
from tests.faults.own_server import OwnServer
from tests.faults.pgbouncer import Pgbouncer, require_pgbouncer
from tests.faults.site import Site, engine_of, examined, site_on_own

SLOW_POLL: dict[str, Any] = {"poll": 30.0, "idle_poll": 30.0}


@pytest.fixture
def site(own_postgresql: OwnServer) -> Iterator[Site]:
    with site_on_own(own_postgresql) as site:
        yield site


@pytest.fixture
def url(own_postgresql: OwnServer, site: Site) -> Iterator[str]:
    """The database by way of the pooler, with few sessions."""
    require_pgbouncer()
    with Pgbouncer(own_postgresql) as pooler:
        yield pooler.url(site)


async def test_jobs_are_added_run_and_settled_through_a_pooler(url: str) -> None:
    app = Errands(url)
    app.handler("x")(_double)
    async with app, app.worker(poll=0.1, idle_poll=0.1), app.worker(poll=0.1, idle_poll=0.1):
        jobs = await asyncio.gather(*(app.queue().add("x", number) for number in range(200)))
        more = await app.queue().add_many([("x", number) for number in range(1_000)])
        await until_done(app)

        assert [await job.result(timeout=10) for job in jobs] == [2 * n for n in range(200)]
        assert (await more[-1].refresh()).status is JobStatus.COMPLETED
        assert examined(app) == []


async def test_callers_transactions_work_through_a_pooler(url: str) -> None:
    app, engine = Errands(url), engine_of(url)

    @app.handler("x")
    async def note(data: object, context: JobContext) -> None:
        with engine.begin() as connection:
            connection.execute(sa.text("INSERT INTO effects VALUES (:id)"), {"id": context.id})
            await context.complete_in(connection)

    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE effects (job text)"))
    async with app, app.worker(poll=0.1, idle_poll=0.1):
        with engine.begin() as connection:
            added = await app.queue().add("x", connection=connection)
        with engine.connect() as connection:
            undone = await app.queue().add("x", connection=connection)
            connection.rollback()
        await added.result(timeout=20)

        assert await app.queue().find(undone.id) is None
        with engine.connect() as connection:
            assert list(connection.execute(sa.text("SELECT job FROM effects"))) == [(added.id,)]
    engine.dispose()


@pytest.mark.parametrize(
    "interval", [0.5, pytest.param(notifier.PROBE_SECONDS, marks=[pytest.mark.long])]
)
@pytest.mark.timeout(120)
async def test_that_no_note_is_heard_is_found_within_two_probes_and_polling_takes_over(
    url: str, site: Site, monkeypatch: pytest.MonkeyPatch, interval: float
) -> None:
    monkeypatch.setattr(notifier, "PROBE_SECONDS", interval)
    app = Errands(url)
    app.handler("x")(_double)
    async with app, app.worker(**SLOW_POLL), Errands(site.url) as near:
        await asyncio.sleep(2 * interval + 1)
        for _ in range(3):
            # Its own poll would take three times as long.
            await (await near.queue().add("x", 1)).result(timeout=10)
            await asyncio.sleep(interval / 2)


async def _double(data: int, context: JobContext) -> int:
    return 2 * data
