"""What a worker program logs of a store that is away."""

import asyncio
import logging
from typing import Any

import pytest

from errands import Errands, JobContext, JobStatus, StoreGaveUp, StoreUnavailable
from errands.core.ports.store import Work
from errands.testing import FaultyStore
from tests.faults.looking import until

MANY_TRIES = 40


async def test_all_who_meet_an_outage_say_so_once_together(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with Errands(url) as app:
        store = FaultyStore(app.container.store())
        hindered, goes_on = Errands(store=store, poll=0.05), asyncio.Event()

        @hindered.on("completed")
        async def note(event: object) -> None:
            pass

        @hindered.handler("x")
        async def tell(data: object, context: JobContext) -> str:
            await goes_on.wait()
            await context.log("gone on")
            return "done"

        async with hindered, hindered.worker(lease=2, renewal=0.2):
            jobs = await hindered.queue().add_many([("x", None)] * 3)
            await until(lambda: _are_active(hindered), True)

            with caplog.at_level(logging.INFO, "errands"):
                store.break_down()
                goes_on.set()
                await until(lambda: _fails(store, MANY_TRIES), True)
                told = list(caplog.records)
                store.repair()
                await until(lambda: _tells(caplog, "works again"), True)
                ended = [await job.result(timeout=20) for job in jobs]

    assert ended == ["done"] * 3
    assert [record.levelname for record in told] == ["WARNING"]
    assert not told[0].exc_info
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_what_a_statement_is_broken_off_for_each_time_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Errands("memory://") as app:
        store = BrokenOff(app.container.store())
        async with Errands(store=store, poll=0.01) as hindered:
            scheduler = hindered.scheduler()
            running = asyncio.ensure_future(scheduler.run())
            await until(lambda: _fails(store, MANY_TRIES), True)
            await scheduler.close()
            await running

    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("WARNING", None)]


async def test_a_scheduler_rests_ever_longer_until_the_store_has_answered_somebody() -> None:
    async with Errands("memory://") as app:
        store = FaultyStore(app.container.store())
        async with Errands(store=store, poll=0.05) as hindered:
            outage, another = hindered.container.outage(), object()
            scheduler = hindered.container.scheduler(chance=lambda: 0.0)
            running = asyncio.ensure_future(scheduler.run())
            store.break_down()
            await until(lambda: _fails(store, 7), True)
            await asyncio.sleep(1)
            assert store.failed == 7

            store.repair()
            outage.meets(another, StoreUnavailable("there"))
            outage.answers(another)
            async with asyncio.timeout(1):
                await until(lambda: _is_on(hindered), False)
            await scheduler.close()
            await running


class BrokenOff(FaultyStore):
    """Breaks each read off."""

    async def read(self, work: Work[Any], *, is_large: bool = False) -> Any:
        self.failed += 1
        raise StoreGaveUp(self.url, "canceling statement due to statement timeout")


async def _are_active(app: Errands) -> bool:
    return (await app.queue().counts())[JobStatus.ACTIVE].value == 3


async def _fails(store: FaultyStore, times: int) -> bool:
    return store.failed >= times


async def _is_on(app: Errands) -> bool:
    return app.container.outage().is_on


async def _tells(caplog: pytest.LogCaptureFixture, words: str) -> bool:
    return any(words in record.message for record in caplog.records)
