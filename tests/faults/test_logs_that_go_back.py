"""Servers that have lost events, by a failover to a standby that lagged, or a restored backup."""

import asyncio
import logging

import pytest

from errands import Errands, Event
from tests.faults.conftest import SERVERS
from tests.faults.site import Site

pytestmark = pytest.mark.parametrize("store_name", SERVERS, indirect=True)
LEFT = 20
NEXT = {
    "postgresql": f"SELECT setval('errands_event_id_seq', {LEFT})",
    "mariadb": f"ALTER TABLE errands_event AUTO_INCREMENT = {LEFT + 1}",
}
OPEN = (
    "INSERT INTO errands_event (at, type, queue, job_id)"
    " SELECT at, type, queue, 'late' FROM errands_event WHERE id = 1"
)


def lose_events(site: Site) -> None:
    """Beneath those who have the store open, as a restore does."""
    site.run(f"DELETE FROM errands_event WHERE id > {LEFT}")
    site.run(NEXT[site.name])


async def test_a_reader_skips_nothing_in_a_log_that_has_gone_back(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "errands.server")
    async with Errands(site.url) as app:
        await app.queue().add_many([("x", None)] * 50)
        assert len([e async for e in app.queue().events(after=0, follow=False)]) == 50
        lose_events(site)

        with site.connection() as other:
            other.exec_driver_sql(OPEN)
            job = await app.queue().add("x")
            before = [e async for e in app.queue().events(after=LEFT, follow=False)]
            other.commit()
        after = [e.job_id async for e in app.queue().events(after=LEFT, follow=False)]

    assert before == []
    assert after == ["late", job.id]
    assert "has gone back from 50 to 22" in caplog.text


async def test_who_follows_a_log_that_goes_back_goes_on_with_what_comes_next(site: Site) -> None:
    app, told = Errands(site.url, poll=0.1), asyncio.Queue[Event]()

    @app.on("added")
    async def tell(event: Event) -> None:
        await told.put(event)

    async with app:
        await app.queue().add_many([("x", None)] * 50)
        while (await told.get()).id < 50:
            pass
        lose_events(site)
        await asyncio.sleep(1.5)

        job = await app.queue().add("x")

        async with asyncio.timeout(10):
            assert (await told.get()).job_id == job.id
