"""In which order jobs run: priority, then the order of adding; and when, where they are delayed."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from errands import Errands, IllegalTransition, JobContext, JobStatus, Queue
from errands.testing import FakeClock, run_until_idle
from tests.contract.steps import ids, kinds


@pytest.fixture
def seen(app: Errands) -> list[Any]:
    """The data of the runs, in their order."""
    order: list[Any] = []

    @app.handler("note")
    async def note(data: Any) -> None:
        order.append(data)

    return order


async def test_priorities_come_strictly_first_and_equals_in_turn(
    app: Errands, queue: Queue, seen: list[Any]
) -> None:
    for number, priority in enumerate([0, 10, -10, 0, 20, 10, 2**31 - 1, -(2**31)]):
        await queue.add("note", number, priority=priority)

    await run_until_idle(app, concurrency=1)

    assert seen == [6, 4, 1, 5, 0, 3, 2, 7]


async def test_an_urgent_job_added_while_others_run_is_next(app: Errands, queue: Queue) -> None:
    order: list[int] = []

    @app.handler("note")
    async def note(data: int) -> None:
        order.append(data)
        if data == 0:
            await queue.add("note", 99, priority=1)

    await queue.add_many([("note", number) for number in range(4)])

    await run_until_idle(app, concurrency=1)

    assert order == [0, 99, 1, 2, 3]


async def test_lifo_goes_before_its_equals_only(
    app: Errands, queue: Queue, seen: list[Any]
) -> None:
    await queue.add("note", "urgent", priority=1)
    await queue.add("note", "first")
    await queue.add("note", "last in", lifo=True)
    await queue.add("note", "very last in", lifo=True)

    await run_until_idle(app, concurrency=1)

    assert seen == ["urgent", "very last in", "last in", "first"]


async def test_each_producers_jobs_keep_their_order(app: Errands, queue: Queue) -> None:
    order: list[tuple[int, int]] = []

    @app.handler("note")
    async def note(data: tuple[int, int]) -> None:
        order.append(data)

    async def produce(producer: int) -> None:
        for start in range(0, 2_500, 500):
            if producer % 2:
                await queue.add_many([("note", (producer, n)) for n in range(start, start + 500)])
            else:
                await asyncio.gather(
                    *(queue.add("note", (producer, n)) for n in range(start, start + 500))
                )

    await asyncio.gather(*(produce(producer) for producer in range(4)))
    await run_until_idle(app, concurrency=200, timeout=50)

    for producer in range(4):
        assert [n for who, n in order if who == producer] == list(range(2_500))


async def test_jobs_due_at_one_millisecond_keep_their_order(
    app: Errands, queue: Queue, clock: FakeClock, seen: list[Any]
) -> None:
    for number in range(43):
        await queue.add("note", number, delay=5)

    await run_until_idle(app, concurrency=1)

    assert seen == list(range(43))
    assert clock.now - (await queue.get((await ids(queue, "completed"))[0])).created_at == (
        timedelta(seconds=5)
    )


async def test_a_delayed_job_does_not_run_before_its_time(
    app: Errands, queue: Queue, clock: FakeClock, seen: list[Any]
) -> None:
    job = await queue.add("note", 1, delay=timedelta(hours=1))
    at = await queue.add("note", 2, run_at=clock.now + timedelta(minutes=30))
    assert (job.status, at.run_at) == (JobStatus.DELAYED, clock.now + timedelta(minutes=30))

    clock.advance(30 * 60 - 0.001)
    await run_until_idle(app, within=0)
    assert seen == []
    await run_until_idle(app, within=0.001)
    assert seen == [2]
    await run_until_idle(app)
    assert seen == [2, 1]


async def test_a_moment_that_has_passed_is_no_delay(queue: Queue, clock: FakeClock) -> None:
    job = await queue.add("note", run_at=clock.now - timedelta(days=1))

    assert job.status is JobStatus.WAITING


async def test_the_job_due_first_runs_first_whatever_was_added_first(
    app: Errands, queue: Queue, seen: list[Any]
) -> None:
    await queue.add("note", "late", delay=60)
    await queue.add("note", "soon", delay=1)

    await run_until_idle(app, concurrency=1)

    assert seen == ["soon", "late"]


async def test_a_due_job_joins_the_tail(app: Errands, queue: Queue, clock: FakeClock) -> None:
    await queue.add("note", "delayed", delay=1)
    await queue.add("note", "added before it was due")
    clock.advance(1)
    await app.scheduler().sweep()
    await queue.add("note", "added after")
    order: list[Any] = []

    async def note(context: JobContext) -> None:
        order.append(context.data)

    await run_until_idle(app, "default", processor=note, concurrency=1)

    assert order == ["added before it was due", "delayed", "added after"]


async def test_several_workers_honour_delay(
    app: Errands, queue: Queue, clock: FakeClock, seen: list[Any]
) -> None:
    done = asyncio.Event()

    @app.on("drained")
    async def note_drained(_: object) -> None:
        done.set()

    await queue.add_many([("note", number, {"delay": 10}) for number in range(20)])
    async with app.worker(scheduler=False), app.worker(scheduler=False):
        await app.scheduler().sweep()
        await queue.add("note", "now")
        await asyncio.wait_for(done.wait(), 5)
        assert seen == ["now"]

        done.clear()
        clock.advance(10)
        await app.scheduler().sweep()
        await asyncio.wait_for(done.wait(), 5)

    assert sorted(seen[1:]) == list(range(20))


async def test_a_short_delay_passes_by_itself_in_real_time(url: str) -> None:
    async with Errands(url) as app:

        @app.handler("note")
        async def note(data: int) -> int:
            return data

        long = await app.queue().add("note", 1, delay=3600)
        async with app.worker():
            soon = await app.queue().add("note", 2, delay=0.05)
            assert await soon.result(timeout=5) == 2

        assert (await long.refresh()).status is JobStatus.DELAYED


async def test_a_job_added_when_a_worker_goes_idle_is_not_overlooked(
    app: Errands, queue: Queue
) -> None:
    @app.handler("note")
    async def note(data: int) -> int:
        return data

    async with app.worker(scheduler=False, poll=60, idle_poll=60):
        for number in range(100):
            job = await queue.add("note", number)
            assert await job.result(timeout=5) == number


async def test_promoting_makes_a_delayed_job_ready_at_the_tail(
    app: Errands, queue: Queue, seen: list[Any]
) -> None:
    delayed = await queue.add("note", "promoted", delay=60)
    await queue.add("note", "first")

    await delayed.promote()
    await run_until_idle(app, concurrency=1)

    assert seen == ["first", "promoted"]
    assert (await kinds(queue, delayed))[:3] == ["added", "delayed", "waiting"]


async def test_changing_the_delay_counts_from_now(queue: Queue, clock: FakeClock) -> None:
    job = await queue.add("note", delay=60)
    clock.advance(50)

    await job.change_delay(20)

    assert job.run_at == clock.now + timedelta(seconds=20)
    with pytest.raises(IllegalTransition):
        await (await queue.add("note")).change_delay(1)


async def test_changing_the_priority_moves_a_job_to_that_tail_or_head(
    app: Errands, queue: Queue, seen: list[Any]
) -> None:
    jobs = [
        await queue.add("note", number, priority=priority)
        for number, priority in enumerate([0, 0, 5, 5])
    ]

    await jobs[0].change_priority(5)
    await jobs[1].change_priority(5, lifo=True)
    await run_until_idle(app, concurrency=1)

    assert seen == [1, 2, 3, 0]


async def test_several_queues_take_turns_in_one_worker(app: Errands) -> None:
    order: list[str] = []
    for name in ("a", "b"):

        @app.handler("note", queue=name)
        async def note(data: str) -> None:
            order.append(data)

        await app.queue(name).add_many([("note", name)] * 3)

    await run_until_idle(app, concurrency=1)

    assert sorted(order) == ["a", "a", "a", "b", "b", "b"]
    assert len(set(order[:2])) == 2
