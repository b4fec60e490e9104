"""The event log and its readers: exact sequences, cursors, listeners."""

import asyncio
import threading
from typing import Any

import pytest

from errands import Errands, Event, JobContext, Queue, Snooze
from errands.testing import FakeClock, run_until_idle
from tests.contract.steps import crash, kinds


@pytest.fixture
def handled(app: Errands) -> None:
    @app.handler("ok")
    async def ok(data: Any) -> Any:
        return data

    @app.handler("fail")
    async def fail(data: int, context: JobContext) -> None:
        if context.attempt <= data:
            raise ValueError("boom")


async def test_a_success_is_added_active_completed(
    app: Errands, queue: Queue, handled: None
) -> None:
    job = await queue.add("ok")
    await run_until_idle(app)

    assert await kinds(queue, job) == ["added", "active", "completed"]


async def test_a_retry_after_a_wait_is_failed_delayed_waiting(
    app: Errands, queue: Queue, handled: None
) -> None:
    job = await queue.add("fail", 1, backoff=1)
    await run_until_idle(app)

    assert await kinds(queue, job) == [
        "added", "active", "failed", "delayed", "waiting", "active", "completed"
    ]  # fmt: skip


async def test_a_retry_at_once_is_failed_waiting(app: Errands, queue: Queue, handled: None) -> None:
    job = await queue.add("fail", 1, backoff=0)
    await run_until_idle(app)

    assert await kinds(queue, job) == [
        "added", "active", "failed", "waiting", "active", "completed"
    ]  # fmt: skip


async def test_every_failed_try_is_told_and_the_last_is_exhausted_once(
    app: Errands, queue: Queue, handled: None
) -> None:
    job = await queue.add("fail", 9, max_attempts=2, backoff=0)
    await run_until_idle(app)

    assert await kinds(queue, job) == [
        "added", "active", "failed", "waiting", "active", "failed", "exhausted"
    ]  # fmt: skip


async def test_a_crash_is_stalled_waiting(app: Errands, queue: Queue) -> None:
    job = await queue.add("ok")
    await crash(app)

    assert await kinds(queue, job) == ["added", "active", "stalled", "waiting"]


async def test_a_delay_is_added_delayed_waiting(app: Errands, queue: Queue, handled: None) -> None:
    job = await queue.add("ok", delay=1)
    await run_until_idle(app)

    assert await kinds(queue, job) == ["added", "delayed", "waiting", "active", "completed"]


async def test_a_removal_is_added_removed(queue: Queue) -> None:
    job = await queue.add("ok")
    await job.remove()

    assert await kinds(queue, job) == ["added", "removed"]


async def test_a_pause_is_paused_resumed(queue: Queue) -> None:
    await queue.pause()
    await queue.resume()

    assert await kinds(queue) == ["paused", "resumed"]


async def test_changes_by_hand_are_told(queue: Queue) -> None:
    job = await queue.add("ok", delay=60)
    await job.change_delay(30)
    await job.change_priority(5)
    await job.update_data(1)
    await job.promote()
    await job.cancel()
    await job.retry()

    assert await kinds(queue, job) == [
        "added", "delayed", "delayed", "updated", "updated", "waiting", "cancelled", "retried",
        "waiting",
    ]  # fmt: skip


async def test_drained_is_told_once_for_each_time(
    app: Errands, queue: Queue, handled: None
) -> None:
    async with app.worker(scheduler=False):
        drained = queue.events(after=0, types=["drained"])
        for _ in range(2):
            jobs = await queue.add_many([("ok", n) for n in range(3)])
            for job in jobs:
                await job.result(timeout=5)
            await asyncio.wait_for(anext(drained), 5)

    assert (await kinds(queue)).count("drained") == 2


async def test_workers_tell_when_they_start_and_stop(app: Errands, queue: Queue) -> None:
    seen: list[Event] = []
    done = asyncio.Event()

    @app.on("worker_started", "worker_stopped")
    async def note(event: Event) -> None:
        seen.append(event)
        if len(seen) == 2:
            done.set()

    worker = app.worker("default", scheduler=False)
    async with worker:
        pass
    await asyncio.wait_for(done.wait(), 5)

    assert [event.type.value for event in seen] == ["worker_started", "worker_stopped"]
    assert seen[0].data == {"worker": worker.id, "queues": ["default"]}


async def test_details_are_the_same_on_each_store(
    app: Errands, queue: Queue, clock: FakeClock, handled: None
) -> None:
    job = await queue.add("fail", 9, max_attempts=1)
    await run_until_idle(app)

    events = [event async for event in queue.events(after=0, job_id=job.id, follow=False)]
    assert [event.data for event in events if event.type.value != "active"] == [
        {"name": "fail"},
        {"attempt": 1, "reason": "ValueError: boom"},
        {"reason": "ValueError: boom"},
    ]
    assert events[1].data is not None
    assert events[1].data["attempt"] == 1
    assert {event.at for event in events} == {clock.now}


async def test_a_cursor_goes_on_where_it_was(queue: Queue) -> None:
    await queue.add_many([("a", n) for n in range(1_100)])

    first = [event async for event in queue.events(after=0, follow=False)]
    rest = [event async for event in queue.events(after=first[700].id, follow=False)]

    assert len(first) == 1_100
    assert [event.id for event in first] == sorted({event.id for event in first})
    assert rest == first[701:]


async def test_events_are_chosen_by_queue_type_and_job(app: Errands, queue: Queue) -> None:
    job = await queue.add("a", job_id="x", delay=1)
    await app.queue("other").add("a", job_id="x")

    events = queue.events(after=0, types=["delayed"], job_id="x", follow=False)
    assert [event.job_id async for event in events] == [job.id]


async def test_without_a_cursor_events_come_from_now_on(queue: Queue) -> None:
    await queue.add("a")
    reading = asyncio.ensure_future(anext(queue.events()))
    async with asyncio.timeout(5):
        while not reading.done():
            await queue.add("b")
            await asyncio.sleep(0.01)

    assert (await reading).data == {"name": "b"}


async def test_listeners_hear_what_they_asked_for(app: Errands, queue: Queue) -> None:
    heard: list[str | None] = []
    in_thread: list[bool] = []
    done = asyncio.Event()

    @app.on("added", queue="default")
    async def note(event: Event) -> None:
        heard.append(event.job_id)
        if len(heard) == 2:
            done.set()

    @app.on("added")
    def note_in_a_thread(event: Event) -> None:
        in_thread.append(threading.current_thread() is not threading.main_thread())

    await asyncio.sleep(0)
    jobs = [await queue.add("a"), await queue.add("b", delay=1)]
    await app.queue("other").add("c")
    await asyncio.wait_for(done.wait(), 5)

    assert heard == [job.id for job in jobs]
    assert all(in_thread)


async def test_a_listener_hears_everything_after_initialize(url: str) -> None:
    app = Errands(url)
    heard: list[Any] = []
    done = asyncio.Event()

    @app.on("added")
    async def note(event: Event) -> None:
        heard.append(event.job_id)
        if len(heard) == 3:
            done.set()

    async with app:
        jobs = await app.queue().add_many([("a", 1), ("a", 2), ("a", 3)])
        await asyncio.wait_for(done.wait(), 2)

    assert heard == [job.id for job in jobs]


async def test_a_raising_listener_stops_neither_worker_nor_listeners(
    app: Errands, queue: Queue, handled: None, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []
    done = asyncio.Event()

    @app.on("completed")
    async def raising(event: Event) -> None:
        heard.append("raising")
        raise RuntimeError("a broken listener")

    @app.on("completed")
    async def sound(event: Event) -> None:
        heard.append("sound")
        if heard.count("sound") == 2:
            done.set()

    await asyncio.sleep(0)
    async with app.worker(scheduler=False):
        for number in range(2):
            assert await (await queue.add("ok", number)).result(timeout=5) == number
        await asyncio.wait_for(done.wait(), 5)

    assert heard.count("raising") >= 1
    assert "a broken listener" in caplog.text


@pytest.mark.parametrize(
    "error", [StopIteration, asyncio.CancelledError, SystemExit, KeyboardInterrupt]
)
@pytest.mark.parametrize("is_async", [True, False])
async def test_whatever_a_listener_raises_it_is_called_again(
    app: Errands,
    queue: Queue,
    caplog: pytest.LogCaptureFixture,
    error: type[BaseException],
    *,
    is_async: bool,
) -> None:
    heard: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def hear(event: Event) -> None:
        loop.call_soon_threadsafe(heard.put_nowait, event.job_id)
        raise error

    async def hear_on_the_loop(event: Event) -> None:
        hear(event)

    app.on("added")(hear_on_the_loop if is_async else hear)
    await asyncio.sleep(0)
    jobs = [await queue.add("a"), await queue.add("b")]

    assert [await asyncio.wait_for(heard.get(), 10) for _ in jobs] == [job.id for job in jobs]
    assert "a listener failed" in caplog.text


async def test_a_blocking_listener_holds_up_no_worker(
    app: Errands, queue: Queue, handled: None
) -> None:
    let_go, is_blocked = threading.Event(), threading.Event()

    @app.on("completed")
    def block(event: Event) -> None:
        is_blocked.set()
        let_go.wait(10)

    await asyncio.sleep(0)
    try:
        async with app.worker(scheduler=False):
            for number in range(20):
                assert await (await queue.add("ok", number)).result(timeout=5) == number
            await asyncio.to_thread(is_blocked.wait, 5)
            assert await (await queue.add("ok", "still")).result(timeout=5) == "still"
    finally:
        let_go.set()


async def test_a_snooze_is_no_failure(app: Errands, queue: Queue) -> None:
    @app.handler("later")
    async def later(data: Any, context: JobContext) -> Any:
        return Snooze(1) if context.starts == 1 else None

    job = await queue.add("later")
    await run_until_idle(app)

    assert "failed" not in await kinds(queue, job)
