"""Rows of changes and removals that a trigger skips in silence: what is said of it is true."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from errands import Errands, EventType, JobStatus, StoreRefused
from tests.faults.looking import told
from tests.faults.refusing import skip_where
from tests.faults.site import Site

WHY = "job default/bad was written and is as before: a trigger may have skipped the row"

pytestmark = [
    pytest.mark.parametrize("store_name", ["sqlite", "postgresql"], indirect=True),
    pytest.mark.timeout(60),
]


@pytest.fixture
async def app(site: Site) -> AsyncIterator[Errands]:
    app = Errands(site.url)
    async with app:
        yield app


async def test_a_promotion_is_refused_and_says_why(
    app: Errands, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    skip_where(site, "NEW.id = 'bad' AND NEW.status = 'waiting'")
    bad = await app.queue().add("x", job_id="bad", delay=0.001)

    with pytest.raises(StoreRefused, match=WHY):
        await bad.promote()
    with caplog.at_level(logging.ERROR, "errands.scheduler"):
        await app.scheduler().sweep()

    assert f"not promoted; trying again in 60 s: does not take this value: {WHY}" in caplog.text
    assert (await bad.refresh()).status is JobStatus.DELAYED


async def test_a_removal_is_refused_and_says_why(app: Errands, site: Site) -> None:
    skip_where(site, "OLD.id = 'bad'", verb="DELETE")
    bad = await app.queue().add("x", job_id="bad")
    await app.queue().add("x", job_id="good")

    for remove in (bad.remove, app.queue().drain, app.queue().obliterate):
        with pytest.raises(StoreRefused, match=WHY):
            await asyncio.wait_for(remove(), 20)

    assert (await bad.refresh()).status is JobStatus.WAITING
    assert await told(app, EventType.REMOVED) == {}


async def test_an_add_is_refused_and_says_why(app: Errands, site: Site) -> None:
    skip_where(site, "NEW.id = 'bad'", verb="INSERT")

    with pytest.raises(StoreRefused, match="job default/bad was added and is not there"):
        await app.queue().add("x", job_id="bad")


async def test_an_add_with_a_drawn_id_is_refused_and_says_why(app: Errands, site: Site) -> None:
    queue = app.queue()
    await queue.add("x")
    skip_where(site, "NEW.name = 'bad'", verb="INSERT")

    for _ in range(2):
        with pytest.raises(StoreRefused, match="was added and is not there"):
            await queue.add("bad")
        with pytest.raises(StoreRefused, match="was added and is not there"):
            await app.queue("new").add("bad")
        with pytest.raises(StoreRefused, match="was added and is not there"):
            app.sync.queue().add("bad")

    assert (await queue.counts())[JobStatus.WAITING].value == 1
    assert sum((await told(app, EventType.ADDED)).values()) == 1


async def test_of_many_with_drawn_ids_all_are_added_or_none(app: Errands, site: Site) -> None:
    queue = app.queue()
    await queue.add("x")
    skip_where(site, "NEW.name = 'bad'", verb="INSERT")

    for count in (2, 1_500):
        news = [*([("x", None)] * (count - 1)), ("bad", None)]
        with pytest.raises(StoreRefused, match="was added and is not there"):
            await queue.add_many(news)
    good = await asyncio.gather(
        queue.add("x"), queue.add("bad"), queue.add("x"), return_exceptions=True
    )

    assert [isinstance(each, StoreRefused) for each in good] == [False, True, False]
    assert (await queue.counts())[JobStatus.WAITING].value == 3


async def test_an_add_with_a_drawn_id_within_a_transaction_is_refused(
    app: Errands, site: Site
) -> None:
    skip_where(site, "NEW.name = 'bad'", verb="INSERT")

    with site.connection() as connection:
        with pytest.raises(StoreRefused, match="was added and is not there"):
            await app.queue().add("bad", connection=connection)
        connection.commit()

    assert (await app.queue().counts())[JobStatus.WAITING].value == 0
