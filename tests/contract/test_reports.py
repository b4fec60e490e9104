"""What a run tells while it is under way: progress, log lines, state; and waiting for its end."""

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from errands import (
    Errands,
    JobCancelled,
    JobContext,
    JobFailed,
    JobRemoved,
    JobStatus,
    LeaseLost,
    PermanentFailure,
    Queue,
    ResultTimeout,
    Snooze,
    SyncJobContext,
)
from errands.testing import FakeClock, run_until_idle


async def progress_told(queue: Queue, last: object) -> list[Any]:
    """What was told up to this; on a busy server the newest events may show a moment later."""
    told: list[Any] = []
    async for event in queue.events(after=0, types=["progress"]):
        told.append((event.data or {})["value"])
        if told[-1] == last:
            break
    return told


async def test_the_last_progress_is_always_written(app: Errands, queue: Queue) -> None:
    @app.handler("count")
    async def count(data: Any, context: JobContext) -> None:
        for number in range(101):
            await context.update_progress(number)

    job = await queue.add("count")
    await run_until_idle(app)

    told = await progress_told(queue, 100)
    assert (await job.refresh()).progress == 100
    assert told == sorted(told)
    assert len(told) < 10


@dataclasses.dataclass
class Pages:
    done: int
    last: object = None


async def test_progress_is_what_it_was_when_it_was_told(app: Errands, queue: Queue) -> None:
    @app.handler("count")
    async def count(data: Any, context: JobContext) -> str:
        pages = Pages(3)
        await context.update_progress(pages)
        pages.last = object()
        return "counted"

    @app.handler("count_in_a_thread")
    def count_in_a_thread(data: Any, context: SyncJobContext) -> str:
        pages = Pages(4)
        context.update_progress(pages)
        pages.last = object()
        return "counted"

    async with app.worker(scheduler=False):
        for name in ("count", "count_in_a_thread"):
            assert await (await queue.add(name)).result(timeout=5) == "counted"

    told = await progress_told(queue, {"done": 4, "last": None})
    assert [pages["done"] for pages in told] == [3, 4]


async def test_progress_without_json_form_is_refused(app: Errands, queue: Queue) -> None:
    @app.handler("count")
    async def count(data: Any, context: JobContext) -> None:
        await context.update_progress(object())

    @app.handler("count_in_a_thread")
    def count_in_a_thread(data: Any, context: SyncJobContext) -> None:
        context.update_progress(object())

    async with app.worker(scheduler=False):
        for name in ("count", "count_in_a_thread"):
            job = await queue.add(name, max_attempts=1)
            with pytest.raises(JobFailed, match="InvalidPayload"):
                await job.result(timeout=5)


async def test_progress_is_seen_before_the_end(app: Errands, queue: Queue) -> None:
    let_go = asyncio.Event()

    @app.handler("count")
    async def count(data: Any, context: JobContext) -> None:
        await context.update_progress({"pages": 3})
        await let_go.wait()

    async with app.worker(scheduler=False):
        job = await queue.add("count")
        async for event in queue.events(after=0, types=["progress"]):
            assert event.data == {"value": {"pages": 3}}
            break
        assert (await job.refresh()).progress == {"pages": 3}
        assert job.status is JobStatus.ACTIVE
        let_go.set()


async def test_progress_never_falls(app: Errands, queue: Queue) -> None:
    @app.handler("count")
    async def count(data: Any, context: JobContext) -> None:
        for number in (10, 50, 20):
            await context.update_progress(number)

    job = await queue.add("count")
    await run_until_idle(app)

    assert (await job.refresh()).progress == 50


async def test_a_sync_handler_reports_too(app: Errands, queue: Queue) -> None:
    @app.handler("count")
    def count(data: Any, context: SyncJobContext) -> int:
        context.update_progress(0.5)
        context.save_state({"step": 2})
        return context.log("half")

    job = await queue.add("count")
    await run_until_idle(app)

    assert await job.result(timeout=1) == 1
    await job.refresh()
    assert (job.progress, job.state) == (0.5, {"step": 2})
    assert [line.text for line in await job.logs()] == ["half"]


async def test_keep_logs_bounds_what_is_kept_and_tells_how_much(app: Errands, queue: Queue) -> None:
    @app.handler("talk")
    async def talk(data: Any, context: JobContext) -> list[int]:
        return [await context.log(f"line {number}") for number in (1, 2, 3)]

    job = await queue.add("talk", keep_logs=2)
    await run_until_idle(app)

    assert await job.result(timeout=1) == [1, 2, 2]
    assert [(line.number, line.text) for line in await job.logs()] == [
        (2, "line 2"), (3, "line 3")
    ]  # fmt: skip


async def test_logs_are_read_and_cleared_from_their_end(app: Errands, queue: Queue) -> None:
    @app.handler("talk")
    async def talk(data: Any, context: JobContext) -> None:
        await asyncio.gather(*(context.log(str(number)) for number in range(6)))

    job = await queue.add("talk")
    await run_until_idle(app)

    assert [line.text for line in await job.logs()] == list("012345")
    assert [line.text for line in await job.logs(limit=2)] == ["4", "5"]
    assert await job.clear_logs(keep=1) == 5
    assert [line.text for line in await job.logs()] == ["5"]
    assert await job.clear_logs() == 1
    assert await job.logs() == []


async def test_a_log_line_is_any_text(app: Errands, queue: Queue) -> None:
    @app.handler("talk")
    async def talk(data: Any, context: JobContext) -> int:
        await context.log("a\0b\ud800")
        return await context.log("")

    job = await queue.add("talk", max_attempts=1)
    await run_until_idle(app)

    assert await job.result(timeout=1) == 2
    assert [line.text for line in await job.logs()] == ["a\\x00b\\ud800", ""]


async def test_state_is_carried_from_run_to_run(app: Errands, queue: Queue) -> None:
    @app.handler("steps")
    async def steps(data: Any, context: JobContext) -> Any:
        done: list[int] = context.state or []
        await context.save_state([*done, context.attempt])
        if len(done) == 1:
            raise ValueError
        return Snooze(1) if len(done) < 3 else [*done, "end"]

    job = await queue.add("steps")
    await run_until_idle(app)

    assert await job.result(timeout=1) == [1, 1, 2, "end"]
    assert job.state == [1, 1, 2, 2]


async def test_a_run_without_its_lease_can_write_nothing(app: Errands, queue: Queue) -> None:
    seen: list[type[BaseException]] = []
    ended = asyncio.Event()

    @app.handler("late")
    async def late(data: Any, context: JobContext) -> None:
        await (await queue.get(context.id)).remove(force=True)
        for write in (context.log("x"), context.save_state(1)):
            try:
                await write
            except LeaseLost as error:
                seen.append(type(error))
        ended.set()

    async with app.worker():
        await queue.add("late")
        await asyncio.wait_for(ended.wait(), 20)

    assert seen == [LeaseLost, LeaseLost]


async def test_a_result_is_waited_for(app: Errands, queue: Queue) -> None:
    @app.handler("slow")
    async def slow(data: int) -> int:
        await asyncio.sleep(0)
        return data

    jobs = await queue.add_many([("slow", number) for number in range(20)])
    waiting = [asyncio.ensure_future(job.result(timeout=5)) for job in jobs for _ in range(2)]
    async with app.worker(scheduler=False):
        results = await asyncio.gather(*waiting)

    assert results == [number for number in range(20) for _ in range(2)]


async def test_waiting_ends_at_once_for_a_job_that_ended_before(app: Errands, queue: Queue) -> None:
    @app.handler("give up")
    async def give_up(data: Any) -> None:
        raise PermanentFailure("no")

    @app.handler("nothing")
    async def nothing(data: Any) -> None:
        return None

    failed, completed = await queue.add("give up"), await queue.add("nothing")
    cancelled = await queue.add("nothing", delay=10**6)
    await cancelled.cancel()
    await run_until_idle(app)

    assert await completed.result(timeout=0) is None
    with pytest.raises(JobFailed, match="no"):
        await failed.result(timeout=0)
    with pytest.raises(JobCancelled):
        await cancelled.result(timeout=0)


async def test_waiting_for_a_job_that_is_removed_ends_with_a_clear_error(queue: Queue) -> None:
    job = await queue.add("never")
    waiting = asyncio.ensure_future(job.result())
    await asyncio.sleep(0)

    await (await queue.get(job.id)).remove()

    with pytest.raises(JobRemoved):
        await asyncio.wait_for(waiting, 5)


async def test_waiting_ends_when_the_queue_is_obliterated(queue: Queue) -> None:
    job = await queue.add("never")
    waiting = asyncio.ensure_future(job.result())
    await asyncio.sleep(0)

    await queue.obliterate()

    with pytest.raises(JobRemoved):
        await asyncio.wait_for(waiting, 5)


async def test_waiting_ends_when_retention_removes_the_job(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    job = await queue.add("never", keep_failed=False)
    waiting = asyncio.ensure_future(job.result())
    await asyncio.sleep(0)
    other = await queue.get(job.id)
    await other.cancel()
    await app.scheduler().sweep()

    with pytest.raises((JobRemoved, JobCancelled)):
        await asyncio.wait_for(waiting, 5)


@pytest.mark.parametrize("timeout", [0, 0.02, timedelta(milliseconds=20)])
async def test_waiting_longer_than_the_timeout_tells_the_status(queue: Queue, timeout: Any) -> None:
    job = await queue.add("never", delay=60)

    with pytest.raises(ResultTimeout) as caught:
        await job.result(timeout=timeout)

    assert (caught.value.job_id, caught.value.status) == (job.id, "delayed")
    assert isinstance(caught.value, TimeoutError)
