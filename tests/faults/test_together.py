"""Many hands on the same job, queue or connection at once."""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from errands import Errands, EventType, IllegalTransition, JobContext, JobNotFound, JobStatus
from tests.faults.crew import Crew
from tests.faults.looking import told, until_done
from tests.faults.site import Site, examined

ENDS = (EventType.COMPLETED, EventType.EXHAUSTED, EventType.CANCELLED)


def test_fifty_adds_of_one_id_at_once_are_one_job(site: Site) -> None:
    apps = [Errands(site.url, connections=8).sync for _ in range(2)]
    for app in apps:
        app.initialize()
    gate = threading.Barrier(50)

    def add(number: int) -> tuple[str, bool, object]:
        gate.wait()
        added = apps[number % 2].queue().add("x", number, job_id="one")
        return added.id, added.is_new, added.data

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(add, range(50)))

    [(count,)] = site.run("SELECT count(*) FROM errands_job")
    assert count == 1
    assert Counter(is_new for _, is_new, _ in answers) == {True: 1, False: 49}
    assert {job_id for job_id, _, _ in answers} == {"one"}
    assert len({data for _, _, data in answers}) == 1
    for app in apps:
        app.shutdown()


@pytest.mark.long
async def test_cancel_completion_and_retry_in_a_race_end_each_job_once(site: Site) -> None:
    app = Errands(site.url)

    @app.handler("x")
    async def take_a_moment(data: object, context: JobContext) -> None:
        await asyncio.sleep(random.uniform(0, 0.02))
        if random.random() < 0.3:
            raise ValueError

    async with app, app.worker(poll=0.05, cancel_grace=0), app.worker(poll=0.05, cancel_grace=0):
        queue = app.queue(backoff=0.01, max_attempts=2)
        jobs = await queue.add_many([("x", None)] * 60)
        tried = [_allowed(job.cancel, random.uniform(0, 0.1)) for job in jobs[::2]]
        cancelled = sum(await asyncio.gather(*tried))
        retried = [job.id for job in jobs if await _allowed(job.retry, 0)]
        await until_done(app)

        ends = Counter[str | None]()
        for kind in ENDS:
            ends.update(await told(app, kind))
        for job in jobs:
            await job.refresh()
            assert job.status.is_terminal
            assert ends[job.id] == 1 + retried.count(job.id)
        assert cancelled
        assert examined(app) == []


async def _allowed(verb: Callable[[], Awaitable[object]], pause: float) -> bool:
    await asyncio.sleep(pause)
    try:
        await verb()
    except IllegalTransition:
        return False
    return True


@pytest.mark.long
async def test_nothing_is_claimed_once_a_pause_is_visible(site: Site, crew: Crew) -> None:
    crew.ready("work", 5)
    async with Errands(site.url) as app:
        queue = app.queue()
        for _ in range(3):
            await queue.add_many([("job", None)] * 100)
            await asyncio.sleep(random.uniform(0, 0.2))
            await queue.pause()
            # A claim that was under way when the pause was committed may end.
            await asyncio.sleep(0.5)
            before = await told(app, EventType.ACTIVE)
            await queue.add_many([("job", None)] * 10)
            await asyncio.sleep(0.5)

            assert await told(app, EventType.ACTIVE) == before
            assert (await queue.counts())[JobStatus.ACTIVE].value == 0
            await queue.resume()
        await until_done(app)


def test_parent_and_child_go_on_after_a_fork_and_after_the_childs_end(
    site: Site, crew: Crew
) -> None:
    forking = crew.start("fork", 20)

    forking.expect("0", timeout=60)
    forking.succeed()

    with Errands(site.url).sync as app:
        assert app.queue().counts()[JobStatus.WAITING].value == 42
        assert examined_sync(site) == []


def examined_sync(site: Site) -> list[object]:
    """What the doctor finds, asked from a program without a loop."""

    async def look() -> list[object]:
        async with Errands(site.url) as app:
            return list(examined(app))

    return asyncio.run(look())


BEYOND = 2**31 + 5
RAISED = {
    "sqlite": [
        "UPDATE errands_sequence SET value = :beyond",
        "UPDATE errands_event SET id = :beyond WHERE id = (SELECT max(id) FROM errands_event)",
    ],
    "postgresql": [
        "SELECT setval('errands_job_sequence', :beyond)",
        "SELECT setval('errands_event_id_seq', :beyond)",
    ],
    "mariadb": [
        f"ALTER TABLE errands_event AUTO_INCREMENT = {BEYOND}",
        "SELECT setval(errands_job_sequence, :beyond)",
    ],
}


async def test_keys_and_event_ids_beyond_31_bits_work(site: Site) -> None:
    app = Errands(site.url)

    @app.handler("x")
    async def reply(data: object, context: JobContext) -> str:
        await context.log("line")
        return "done"

    async with app:
        await app.queue().add("x", job_id="before")
        raise_counters(site)
        async with app.worker(poll=0.1):
            added = await app.queue().add("x")
            assert await added.result(timeout=20) == "done"

        [(highest,)] = site.run("SELECT max(key) FROM errands_job".replace("key", _key(site)))
        assert highest > BEYOND
        [(event,)] = site.run("SELECT max(id) FROM errands_event")
        assert event > BEYOND
        newest = [event async for event in app.queue().events(after=BEYOND, follow=False)]
        assert newest
        assert (await app.queue().jobs(after=highest + 1, limit=1)).jobs[0].id == added.id
        assert len(await added.logs()) == 1
        assert examined(app) == []


def raise_counters(site: Site) -> None:
    """Draw from beyond 31 bits from now on."""
    for statement in RAISED[site.name]:
        site.run(statement, **({"beyond": BEYOND} if ":beyond" in statement else {}))


def _key(site: Site) -> str:
    return "`key`" if site.name == "mariadb" else "key"


async def test_keys_of_removed_jobs_are_never_given_out_again(site: Site) -> None:
    seen: list[int] = []
    for _ in range(3):
        async with Errands(site.url) as app:
            added = await app.queue().add("x")
            [(key,)] = site.run(f"SELECT {_key(site)} FROM errands_job")
            seen.append(key)
            await added.remove()
            with pytest.raises(JobNotFound):
                await added.refresh()

    assert seen == sorted(set(seen))


async def test_an_urgent_job_of_the_future_holds_up_no_ready_one(site: Site) -> None:
    app = Errands(site.url)

    @app.handler("x")
    async def reply(data: object, context: JobContext) -> None:
        pass

    async with app, app.worker(poll=0.1, concurrency=1):
        future = await app.queue().add("x", delay=600, priority=100)
        ready = await app.queue().add("x", priority=-100)

        await ready.result(timeout=10)

        assert (await future.refresh()).status is JobStatus.DELAYED
