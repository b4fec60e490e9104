"""A proxy that goes on confirming what it no longer forwards: no answer comes, and no error."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from errands import Errands, JobContext
from errands.infrastructure.persistence.sql.mysql import driver as mysql
from errands.infrastructure.persistence.sql.postgresql.connection import BoundedConnection
from tests.faults.looking import all_jobs
from tests.faults.own_server import OwnServer
from tests.faults.proxy import Proxy
from tests.faults.site import Site, examined, through

BOUND: float = 1.0
"""Seconds that an answer may take, in place of two minutes."""


@pytest.fixture
def proxy(own: OwnServer) -> Iterator[Proxy]:
    with Proxy(own.port) as proxy:
        yield proxy


@pytest.fixture
def far(own_site: Site, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> str:
    """The database, by way of the proxy, for a process of less patience."""
    monkeypatch.setattr(mysql, "ANSWER_SECONDS", BOUND)
    monkeypatch.setattr(BoundedConnection, "answer_seconds", BOUND)
    return through(own_site, proxy.port)


@pytest.mark.timeout(60)
async def test_a_worker_whose_lines_swallow_everything_goes_on_over_new_ones(
    own_site: Site, far: str, proxy: Proxy
) -> None:
    app = Errands(far)
    app.handler("x")(_nothing)
    async with app, app.worker(poll=0.1, idle_poll=0.1), Errands(own_site.url) as near:
        await (await near.queue().add("x")).result(timeout=10)

        proxy.stall()
        added = await near.queue().add("x")

        await added.result(timeout=BOUND + 10)
        assert added.starts == 1
        assert examined(near) == []


@pytest.mark.timeout(60)
@pytest.mark.parametrize("rest", [0.0, 0.5])
async def test_an_add_that_is_swallowed_is_made_over_a_new_line(
    far: str, proxy: Proxy, rest: float
) -> None:
    """After the rest PostgreSQL's message goes out from the event loop."""
    async with Errands(far) as app:
        await app.queue().add("before")
        await asyncio.sleep(rest)
        proxy.stall()

        began = time.monotonic()
        added = await asyncio.wait_for(app.queue().add("x"), BOUND + 10)

        assert time.monotonic() - began > BOUND / 2
        assert (await app.queue().get(added.id)).name == "x"
        assert len(await all_jobs(app)) == 2


async def _nothing(data: object, context: JobContext) -> None:
    pass
