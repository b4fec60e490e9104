"""A worker of very many queues, most of which are empty."""

import asyncio
from functools import partial

from errands import Errands, JobContext
from errands.core.application.use_cases.read import claimable
from errands.core.application.worker.queue_rotation import MANY
from errands.testing import FakeClock

NAMES = [f"tenant-{number:03}" for number in range(10 * MANY)]


async def test_the_first_queues_with_work_are_found(app: Errands, clock: FakeClock) -> None:
    await app.queue(NAMES[3]).add("x")
    await app.queue(NAMES[5]).add("x")
    await app.queue(NAMES[5]).pause()
    await app.queue(NAMES[7]).add("x", expires_in=1)
    await app.queue(NAMES[9]).add("x")
    await app.queue(NAMES[11]).add("x", delay=60)
    clock.advance(2)
    store = app.container.store()

    found = [await store.read(partial(claimable, queues=NAMES, most=most)) for most in (1, 10)]

    assert found == [[NAMES[3]], [NAMES[3], NAMES[9]]]


async def test_every_queue_is_worked_in_and_told_drained(app: Errands) -> None:
    done: list[str] = []

    async def note(data: object, context: JobContext) -> None:
        done.append(context.queue)

    for name in NAMES:
        app.handler("x", queue=name)(note)
    handles = [await app.queue(name).add("x") for name in (*NAMES, NAMES[0])]
    async with app.worker(concurrency=3):
        await asyncio.gather(*(handle.result(timeout=30) for handle in handles))
        later = await app.queue(NAMES[40]).add("x")
        await later.result(timeout=30)

    log = app.queue(NAMES[5]).events(after=0, types=["drained"], follow=False)
    assert sorted(done) == sorted([*NAMES, NAMES[0], NAMES[40]])
    assert len([event async for event in log]) == 1


async def test_very_many_queues_are_listed_with_exact_counts(app: Errands) -> None:
    await app.container.store().transact(lambda uow: uow.queues.register(NAMES))
    await app.queue(NAMES[3]).add_many([("x", number) for number in range(12)])
    await app.queue(NAMES[3]).add("x", delay=60)
    await (await app.queue(NAMES[8]).add("x")).cancel()
    await app.queue(NAMES[9]).pause()

    listed = {queue.name: queue for queue in await app.queues()}

    assert sorted(listed) == sorted(NAMES)
    told = {
        (name, status.value): count.value
        for name, queue in listed.items()
        for status, count in queue.counts.items()
        if count.value
    }
    assert told == {
        (NAMES[3], "waiting"): 12,
        (NAMES[3], "delayed"): 1,
        (NAMES[8], "cancelled"): 1,
    }
    assert [name for name in NAMES if listed[name].is_paused] == [NAMES[9]]
    assert listed[NAMES[3]].counts == await app.queue(NAMES[3]).counts()
