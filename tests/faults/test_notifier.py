"""Hints between processes that are lost, doubled, or come in masses."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from errands import Errands, JobContext
from errands.infrastructure.persistence.sql.postgresql import notifier
from tests.faults.own_server import OwnServer
from tests.faults.proxy import Proxy
from tests.faults.site import Site, site_on_own, through

SLOW_POLL: dict[str, Any] = {"poll": 20.0, "idle_poll": 20.0}
"""So that only a hint, or the polling that stands in for hints, can be quick."""


@pytest.fixture
def pg(own_postgresql: OwnServer) -> Iterator[Site]:
    with site_on_own(own_postgresql) as site:
        yield site


@pytest.fixture
def proxy(own_postgresql: OwnServer) -> Iterator[Proxy]:
    with Proxy(own_postgresql.port) as proxy:
        yield proxy


@pytest.mark.parametrize(
    "interval", [0.5, pytest.param(notifier.PROBE_SECONDS, marks=[pytest.mark.long])]
)
@pytest.mark.timeout(120)
async def test_a_listening_connection_that_is_half_open_is_noticed_within_two_probes(
    pg: Site, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, interval: float
) -> None:
    monkeypatch.setattr(notifier, "PROBE_SECONDS", interval)
    app = Errands(through(pg, proxy.port))
    app.handler("x")(_nothing)
    async with app, app.worker(**SLOW_POLL), Errands(pg.url) as near:
        assert await seconds_until_done(near) < 2
        await _until_told_by_notes()
        listening = proxy.lines_that_said(b"LISTEN")
        assert len(listening) == 1

        stalled_at = time.monotonic()
        listening[0].stall()
        added = await near.queue().add("x")
        await added.result(timeout=3 * interval + 5)
        noticed = time.monotonic() - stalled_at

        assert noticed < 2 * interval + 3
        assert await seconds_until_done(near) < 1
        await _until_told_by_notes()
        assert len(proxy.lines_that_said(b"LISTEN")) == 2
        assert await seconds_until_done(near) < 1


async def test_a_half_open_line_of_the_sender_delays_no_job(
    pg: Site, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier, "PROBE_SECONDS", 0.5)
    worker = Errands(pg.url)
    worker.handler("x")(_nothing)
    async with worker, worker.worker(**SLOW_POLL), Errands(through(pg, proxy.port)) as far:
        await far.queue().add("x")
        for line in proxy.lines_that_said(b"pg_notify"):
            line.stall()

        added = await far.queue().add("x")

        # Its note is lost: the poll of the worker stands behind it.
        await asyncio.wait_for(added.refresh(), 2)
        assert (await far.queue().add("x")).is_new


async def test_a_lost_note_costs_a_poll_and_no_more(pg: Site) -> None:
    app = Errands(pg.url)
    app.handler("x")(_nothing)
    async with app, app.worker(poll=0.5, idle_poll=0.5):
        await _until_told_by_notes()
        # Somebody who tells nobody: the rows are there, the note is not.
        async with Errands(pg.url) as mute:
            store: Any = mute.container.store()
            monkey = pytest.MonkeyPatch()
            monkey.setattr(store._open.notifier, "publish", _nobody)
            added = await mute.queue().add("x")
            monkey.undo()

            started = time.monotonic()
            await added.result(timeout=10)

        # Nothing else would find the job so soon: the line is probed each ten seconds.
        assert time.monotonic() - started < 5


async def test_doubled_and_senseless_notes_in_masses_wake_nobody_for_long(pg: Site) -> None:
    app = Errands(pg.url)
    app.handler("x")(_nothing)
    async with app, app.worker(**SLOW_POLL), Errands(pg.url) as near:
        await _until_told_by_notes()
        channel = pg.run("SELECT value FROM errands_meta WHERE name = 'store_id'")[0][0]
        note = '["somebody",{"default":["added"]}]'
        with pg.connection(isolation_level="AUTOCOMMIT") as connection:
            for number in range(3_000):
                told = [
                    note,
                    "no json",
                    "[]",
                    '{"a":1}',
                    '["x",{"default":["unheard"]}]',
                    "null",
                    '["x",{"q":5}]',
                ]
                connection.exec_driver_sql(
                    "SELECT pg_notify(%s, %s)", (f"errands_{channel}", told[number % len(told)])
                )

        assert await seconds_until_done(near) < 2
        looks = _commits(pg)
        await asyncio.sleep(1)
        assert _commits(pg) - looks < 100


async def seconds_until_done(app: Errands) -> float:
    """How long a job takes from its add to its end."""
    started = time.monotonic()
    await (await app.queue().add("x")).result(timeout=30)
    return time.monotonic() - started


async def _until_told_by_notes() -> None:
    """Wait until the first probe came back: then nothing polls the log any more."""
    await asyncio.sleep(0.3)
    assert any(thread.name == "errands-listen" for thread in threading.enumerate())


def _commits(site: Site) -> int:
    [(count,)] = site.run(
        "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
    )
    return int(count)


def _nobody(hints: object) -> None:
    """Tell nobody."""


async def _nothing(data: object, context: JobContext) -> None:
    pass
