"""Events of a transaction that is open for longer than readers wait for it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Final

import attrs
import pytest

from errands import Errands, Event, EventType
from errands.infrastructure.persistence.sql.mysql import horizon as mysql_horizon
from errands.infrastructure.persistence.sql.server import horizon, passed_over
from errands.testing import FaultyStore
from tests.faults.conftest import SERVERS
from tests.faults.site import Site, found

LONGEST_WAIT: Final = horizon.LONGEST_WAIT
WAIT: Final = 1.0
MANY: Final = 1_100

pytestmark = [
    pytest.mark.parametrize("store_name", SERVERS, indirect=True),
    pytest.mark.timeout(300),
]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> float:
    """How long readers of this process wait for a transaction."""
    return shortened(WAIT, monkeypatch, caplog)


def shortened(
    wait: float, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> float:
    monkeypatch.setattr(horizon, "LONGEST_WAIT", wait)
    monkeypatch.setattr(mysql_horizon, "LONGEST_WAIT", wait)
    caplog.set_level(logging.WARNING, "errands.server")
    return wait


@attrs.define
class Reader:
    """Follows the events of a queue, and knows those it has read."""

    events: AsyncIterator[Event]
    read: list[Event] = attrs.field(factory=list)

    async def to(self, job_id: str) -> Event:
        """Read on to the event that this job was added."""
        async for event in self.events:
            self.read.append(event)
            if event.job_id == job_id and event.type is EventType.ADDED:
                return event
        raise AssertionError

    def times(self, job_id: str) -> int:
        """How often it was told of the job."""
        return [event.job_id for event in self.read].count(job_id)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    told = [record.getMessage() for record in caplog.records]
    return [text for text in told if "not told in their place" in text]


@pytest.mark.parametrize("seconds", [WAIT, pytest.param(LONGEST_WAIT, marks=pytest.mark.long)])
async def test_what_a_transaction_wrote_that_was_open_for_long_comes_late_and_is_marked(
    site: Site, seconds: float, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shortened(seconds, monkeypatch, caplog)
    async with Errands(site.url) as app, asyncio.timeout(seconds + 60):
        queue = app.queue()
        reader = Reader(queue.events(after=0))
        await queue.add("x", job_id="first")
        await reader.to("first")
        with site.connection() as connection, connection.begin():
            await queue.add("x", job_id="slow", connection=connection)
            await queue.add("x", job_id="second")
            second = await reader.to("second")
        await queue.add("x", job_id="third")
        slow = await reader.to("slow")

    assert (second.is_late, slow.is_late) == (False, True)
    assert slow.id < second.id
    assert reader.times("slow") == 1
    assert len(warnings(caplog)) == 1


async def test_of_many_events_of_one_transaction_each_comes_late_and_once(
    site: Site, wait: float, caplog: pytest.LogCaptureFixture
) -> None:
    async with Errands(site.url) as app, asyncio.timeout(wait + 120):
        queue = app.queue()
        reader = Reader(queue.events(after=0, types=["added"]))
        with site.connection() as connection, connection.begin():
            await queue.add_many([("x", None)] * MANY, connection=connection)
            await queue.add("x", job_id="beside")
            await reader.to("beside")
        while len(reader.read) < MANY + 1:
            reader.read.append(await anext(reader.events))

    late = [event.id for event in reader.read if event.is_late]
    assert len(set(late)) == len(late) == MANY
    assert f"up to {MANY:d} events" in warnings(caplog)[0]


async def test_where_too_many_places_were_passed_over_the_log_says_how_many_are_lost(
    site: Site, wait: float, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passed_over, "MOST_RUNS", 1)
    async with Errands(site.url) as app, asyncio.timeout(wait + 60):
        queue = app.queue()
        reader = Reader(queue.events(after=0))
        with site.connection() as connection, connection.begin():
            for name in ("one", "two", "three"):
                await queue.add("x", connection=connection)
                await queue.add("x", job_id=name)
            await reader.to("three")
    told = [record.getMessage() for record in caplog.records]
    lost = [text for text in told if "not even late" in text]
    assert lost
    assert lost[0].startswith("up to 2 events")


@pytest.mark.parametrize("is_behind", [False, True])
async def test_who_begins_while_it_is_open_gets_its_events_when_it_commits(
    site: Site, wait: float, is_behind: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with Errands(site.url) as app, asyncio.timeout(wait + 60):
        queue = app.queue()
        await queue.add("x", job_id="first")
        with site.connection() as connection, connection.begin():
            await queue.add("x", job_id="slow", connection=connection)
            beside = await queue.add("x", job_id="beside")
            await age_all_events(site, wait)
            await queue.add("x", job_id="newer")
            async with Errands(site.url) as restarted:
                reader = Reader(restarted.queue().events(after=last_id(site) * is_behind))
                await queue.add("x", job_id="newest")
                await reader.to("newest")
                connection.commit()
                slow = await reader.to("slow")

    assert beside.id == "beside"
    assert slow.is_late
    assert reader.times("slow") == 1
    assert warnings(caplog)


async def test_a_listener_begun_while_it_is_open_gets_its_events_when_it_commits(
    site: Site, wait: float
) -> None:
    heard: asyncio.Queue[Event] = asyncio.Queue()
    async with Errands(site.url) as app, asyncio.timeout(wait + 60):
        queue = app.queue()
        with site.connection() as connection, connection.begin():
            await queue.add("x", job_id="slow", connection=connection)
            await queue.add("x", job_id="beside")
            await age_all_events(site, wait)
            await queue.add("x", job_id="newer")
            restarted = Errands(site.url)

            @restarted.on("added")
            async def _(event: Event) -> None:
                await heard.put(event)

            async with restarted:
                connection.commit()
                told = await heard.get()

    assert (told.job_id, told.is_late) == ("slow", True)


async def test_a_listener_whose_reading_failed_still_gets_what_it_had_passed_over(
    site: Site, wait: float
) -> None:
    heard: list[Event] = []
    store = FaultyStore(Errands(site.url).container.store())
    app = Errands(store=store)

    @app.on("added")
    async def _(event: Event) -> None:
        heard.append(event)

    def is_heard(job_id: str) -> bool:
        return any(event.job_id == job_id for event in heard)

    async with app, asyncio.timeout(wait + 60):
        queue = app.queue()
        await queue.add("x", job_id="first")
        await until(partial(is_heard, "first"))
        with site.connection() as connection, connection.begin():
            await queue.add("x", job_id="slow", connection=connection)
            await queue.add("x", job_id="beside")
            await until(partial(is_heard, "beside"))
            store.break_down()
            await until(lambda: store.failed)
            store.repair()
            await queue.add("x", job_id="after")
            await until(partial(is_heard, "after"))
        await queue.add("x", job_id="last")
        await until(partial(is_heard, "slow"))

    assert [event.job_id for event in heard if event.is_late] == ["slow"]


async def test_readers_wait_once_for_a_transaction_that_stays_open(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shortened(3.0, monkeypatch, caplog)
    async with Errands(site.url) as app, asyncio.timeout(120):
        queue = app.queue()
        reader = Reader(queue.events(after=0))
        with site.connection() as connection, connection.begin():
            await queue.add("x", job_id="slow", connection=connection)
            await queue.add("x", job_id="beside")
            await reader.to("beside")
            for name in ("one", "two", "three"):
                with site.connection() as other, other.begin() as undone:
                    await queue.add("x", connection=other)
                    undone.rollback()
                await queue.add("x", job_id=name)
                await reader.to(name)
        slow = await reader.to("slow")

    assert slow.is_late
    assert len(warnings(caplog)) == 1


async def test_what_it_writes_after_it_was_given_up_comes_late_too(site: Site, wait: float) -> None:
    async with Errands(site.url) as app, asyncio.timeout(wait * 2 + 60):
        queue = app.queue()
        reader = Reader(queue.events(after=0))
        with site.connection() as connection, connection.begin():
            for number in ("1", "2"):
                await queue.add("x", job_id="slow" + number, connection=connection)
                await queue.add("x", job_id="beside" + number)
                await reader.to("beside" + number)
        late = [await reader.to("slow1"), await reader.to("slow2")]

    assert [event.is_late for event in late] == [True, True]


async def age_all_events(site: Site, wait: float) -> None:
    """What is open now is open for long; as if those in sight were older than any wait."""
    end = time.monotonic() + wait
    await until(lambda: time.monotonic() > end)
    ids = ", ".join(str(row[0]) for row in site.run("SELECT id FROM errands_event"))
    older = int(LONGEST_WAIT * 1000) + 1_000
    site.run(f"UPDATE errands_event SET at = at - :older WHERE id IN ({ids})", older=older)


def last_id(site: Site) -> int:
    return int(site.run("SELECT max(id) FROM errands_event")[0][0])


async def until(is_so: Callable[[], object]) -> None:
    """Look again and again; the test's own time limit bounds it."""
    while not is_so():  # noqa: ASYNC110 - what is waited for knows of no loop
        await asyncio.sleep(0.02)


async def test_the_doctor_notes_that_events_may_come_late(site: Site, wait: float) -> None:
    async with Errands(site.url) as app, asyncio.timeout(wait + 60):
        with site.connection() as connection, connection.begin():
            await app.queue().add("x", job_id="slow", connection=connection)
            await app.queue().add("x")
            await asyncio.sleep(2 * wait)
            await app.queue().add("x")
            async with Errands(site.url) as doctor:
                notes = found(doctor)
        async with Errands(site.url) as doctor:
            after = found(doctor)

    assert [(one.rule, one.severity.value) for one in notes] == [("late_events", "note")]
    assert "may come late" in notes[0].sentence
    assert after == []
