"""Workers that vanish, handlers that are missing, runs and jobs that are out of time."""

import asyncio
import threading
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from errands import Errands, JobContext, JobFailed, JobStatus, Queue
from errands.core.application.use_cases.report import renew
from errands.core.application.use_cases.settle import (
    Settlement,
    WorkerCycle,
    complete,
    run_cycle,
    settle,
)
from errands.core.domain.job.outcome import Complete
from errands.core.ports.lease_repository import Held, Renewal
from errands.testing import FakeClock, run_until_idle
from tests.contract.steps import claim_and_vanish, crash, kinds


async def test_a_job_whose_worker_vanished_runs_again(app: Errands, queue: Queue) -> None:
    @app.handler("send")
    async def send(data: Any, context: JobContext) -> int:
        return context.crashes

    job = await queue.add("send")
    await queue.add("send", "behind it")
    await crash(app)
    await run_until_idle(app, concurrency=1)

    assert await job.result(timeout=1) == 1
    assert (job.attempts_made, job.starts, job.crashes) == (1, 2, 1)
    assert await kinds(queue, job) == [
        "added", "active", "stalled", "waiting", "active", "completed"
    ]  # fmt: skip


async def test_a_crashed_job_keeps_its_place(app: Errands, queue: Queue) -> None:
    first = await queue.add("send")
    await queue.add("send")
    await crash(app)

    assert [job.id for job in await claim_and_vanish(app)] == [first.id]


async def test_a_lease_is_not_taken_before_its_end(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    job = await queue.add("send")
    await claim_and_vanish(app)

    clock.advance(timedelta(seconds=30) - timedelta(milliseconds=1))
    assert (await app.scheduler().sweep())["expired"] == 0
    clock.advance(0.001)
    assert (await app.scheduler().sweep())["expired"] == 1
    assert (await job.refresh()).crashes == 1


@pytest.mark.parametrize("most", [0, 1, 3])
async def test_more_crashes_than_allowed_end_as_failed(
    app: Errands, queue: Queue, most: int
) -> None:
    job = await queue.add("send", max_crashes=most)
    for _ in range(most):
        await crash(app)
        assert (await job.refresh()).status is JobStatus.WAITING

    await crash(app)

    await job.refresh()
    assert (job.status, job.crashes, job.attempts_made) == (JobStatus.FAILED, most + 1, 0)
    assert job.reason == f"TooManyCrashes: its worker was lost {most + 1} times"


async def test_a_late_finish_is_rejected_and_the_new_run_untouched(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    job = await queue.add("send")
    old = (await claim_and_vanish(app))[0]
    clock.advance(30)
    await app.scheduler().sweep()
    new = (await claim_and_vanish(app))[0]

    late = Settlement(old, old.token or "", Complete('"late"'))
    dropped = await app.container.store().transact(lambda uow: settle(uow, [late]))

    assert dropped == [late]
    await job.refresh()
    assert (job.status, job.worker) == (JobStatus.ACTIVE, new.worker)
    assert "lease_lost" in await kinds(queue, job)


async def test_a_late_finish_counts_until_another_write_has_taken_the_lease(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    job = await queue.add("send")
    claimed = (await claim_and_vanish(app))[0]
    clock.advance(3600)

    late = Settlement(claimed, claimed.token or "", Complete('"late"'))
    assert await app.container.store().transact(lambda uow: settle(uow, [late])) == []

    assert await job.result(timeout=1) == "late"


async def test_to_settle_again_under_the_same_token_is_a_success_and_changes_nothing(
    app: Errands, queue: Queue
) -> None:
    job = await queue.add("send")
    run = (await claim_and_vanish(app))[0]
    end = Settlement(run, run.token or "", Complete('"done"'))
    await app.container.store().transact(lambda uow: settle(uow, [end]))
    told = await kinds(queue, job)

    assert await app.container.store().transact(lambda uow: settle(uow, [end])) == []

    assert await kinds(queue, job) == told
    assert (await job.refresh()).attempts_made == 1


async def test_the_end_of_a_run_whose_job_was_changed_meanwhile_comes_with_the_next_turn(
    app: Errands, queue: Queue
) -> None:
    store = app.container.store()
    changed, other = await queue.add_many([("send", None)] * 2)
    runs = await claim_and_vanish(app, limit=2)
    await changed.cancel()

    ends = tuple(Settlement(run, run.token or "", Complete('"done"')) for run in runs)
    first = await store.transact(partial(run_cycle, cycle=WorkerCycle(settlements=ends)))
    again = tuple(first.stale)
    statuses = [(await job.refresh()).status for job in (changed, other)]
    second = await store.transact(partial(run_cycle, cycle=WorkerCycle(settlements=again)))

    assert [settlement.held for settlement in again] == [ends[0].held]
    assert statuses == [JobStatus.ACTIVE, JobStatus.COMPLETED]
    assert (first.rejected, second.rejected, second.stale) == ([], [], [])
    assert (await changed.refresh()).status is JobStatus.COMPLETED


async def test_a_run_that_lost_its_lease_is_cancelled_and_its_end_dropped(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    @app.handler("hang")
    async def hang(data: Any) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with app.worker(scheduler=False, lease=10, renewal=0.02):
        job = await queue.add("hang")
        await asyncio.wait_for(began.wait(), 5)
        await queue.pause()
        clock.advance(20)
        while not (await app.scheduler().sweep())["expired"]:
            clock.advance(20)
        await asyncio.wait_for(ended.wait(), 5)

    assert (await job.refresh()).status is JobStatus.WAITING
    assert job.crashes == 1
    assert (await kinds(queue, job))[-3:] == ["stalled", "waiting", "lease_lost"]


async def test_a_worker_that_claims_a_job_anew_ends_its_own_old_run(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    @app.handler("hang")
    async def hang(data: Any, context: JobContext) -> str:
        if context.crashes:
            return "from the new run"
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    async with app.worker(scheduler=False) as worker:
        job = await queue.add("hang")
        await asyncio.wait_for(began.wait(), 5)
        clock.advance(30)
        await app.scheduler().sweep()

        assert await job.result(timeout=5) == "from the new run"
        await asyncio.wait_for(ended.wait(), 5)
        assert worker.active == 0


async def test_a_run_that_has_settled_its_job_has_not_lost_it(app: Errands, queue: Queue) -> None:
    await queue.add("send")
    run = (await claim_and_vanish(app))[0]
    held = Held(run.key, run.token or "")
    completion = Settlement(run, held.token, Complete("1"))

    assert await app.container.store().transact(partial(complete, completion=completion))

    renewing = partial(renew, held=[held], lease=timedelta(seconds=30))
    renewed = await app.container.store().transact(renewing)
    assert renewed == Renewal(lost=frozenset(), flagged=frozenset())


async def test_leases_are_renewed_while_the_handler_blocks_the_loop(url: str) -> None:
    import time

    async with Errands(url) as app:
        starts: list[int] = []

        @app.handler("block")
        async def block(data: Any, context: JobContext) -> None:
            starts.append(context.starts)
            time.sleep(0.5)  # noqa: ASYNC251 - a handler that should not, but does

        job = await app.queue().add("block")
        async with app.worker(lease=0.2, renewal=0.04):
            await job.result(timeout=5)

        assert starts == [1]
        assert job.crashes == 0


async def test_a_job_without_a_handler_is_put_off_and_runs_later(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    job = await queue.add("unknown", max_starts=1)
    first = clock.now
    waits: list[float] = []

    async def nobody_knows(times: int) -> None:
        for _ in range(times):
            await run_until_idle(app, "default", within=0)
            await job.refresh()
            assert job.run_at is not None
            waits.append((job.run_at - clock.now).total_seconds())
            clock.advance_to(job.run_at)

    await nobody_knows(8)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert (job.starts, job.attempts_made) == (0, 0)
    assert clock.now - first == timedelta(seconds=sum(waits))

    @app.handler("unknown")
    async def unknown(data: Any, context: JobContext) -> int:
        return context.starts

    await run_until_idle(app)
    assert await job.result(timeout=1) == 1
    assert (await kinds(queue, job))[:4] == ["added", "active", "unhandled", "delayed"]


async def test_an_async_run_out_of_time_is_a_failed_attempt(app: Errands, queue: Queue) -> None:
    @app.handler("hang")
    async def hang(data: Any, context: JobContext) -> int:
        if context.attempt == 1:
            await asyncio.Event().wait()
        return context.attempt

    job = await queue.add("hang", timeout=0.02)
    await run_until_idle(app)

    assert await job.result(timeout=1) == 2
    assert job.failures[0].reason == "RunTimeout: the run took longer than 0.02 s"


async def test_a_sync_run_out_of_time_is_settled_and_keeps_its_slot_until_it_returns(
    app: Errands, queue: Queue
) -> None:
    let_go = threading.Event()

    @app.handler("hang")
    def hang(data: Any) -> str:
        let_go.wait(10)
        return "too late"

    @app.handler("next")
    async def next_one(data: Any) -> str:
        return "ran"

    worker = app.worker(scheduler=False, concurrency=1)
    async with worker:
        job = await queue.add("hang", timeout=0.02, max_attempts=1)
        with pytest.raises(JobFailed, match="RunTimeout"):
            await job.result(timeout=5)
        after = await queue.add("next")
        assert (worker.active, worker.is_healthy) == (1, False)
        assert (await after.refresh()).status is JobStatus.WAITING

        let_go.set()
        assert await after.result(timeout=5) == "ran"
        assert worker.is_healthy

    assert (await job.refresh()).status is JobStatus.FAILED


@pytest.mark.parametrize("options", [{}, {"delay": 60}], ids=["waiting", "delayed"])
async def test_a_job_that_did_not_start_in_time_expires(
    app: Errands, queue: Queue, clock: FakeClock, options: dict[str, Any]
) -> None:
    job = await queue.add("send", expires_in=10, **options)

    clock.advance(10)
    assert await claim_and_vanish(app) == []
    await app.scheduler().sweep()

    await job.refresh()
    assert (job.status, job.attempts_made) == (JobStatus.FAILED, 0)
    assert job.reason == "Expired: it did not start within expires_in"


async def test_expires_in_ends_with_the_first_start(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    @app.handler("fail once")
    async def fail_once(data: Any, context: JobContext) -> int:
        if context.attempt == 1:
            raise ValueError
        return context.attempt

    job = await queue.add("fail once", expires_in=10, backoff=60)
    await run_until_idle(app)

    assert await job.result(timeout=1) == 2


async def test_nothing_starts_after_the_deadline(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    job = await queue.add("send", deadline=clock.now + timedelta(seconds=10))
    clock.advance(10)

    assert await claim_and_vanish(app) == []
    await app.scheduler().sweep()

    assert (await job.refresh()).reason == "DeadlinePassed: its deadline passed"


async def test_no_retry_is_planned_beyond_the_deadline(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    @app.handler("fail")
    async def fail(data: Any) -> None:
        raise ValueError

    job = await queue.add("fail", deadline=clock.now + timedelta(seconds=2), max_attempts=9)
    assert await run_until_idle(app) == 2

    await job.refresh()
    assert (job.status, job.failures[-1].type) == (JobStatus.FAILED, "DeadlinePassed")


async def test_a_deadline_does_not_interrupt_a_run(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    @app.handler("slow")
    async def slow(data: Any) -> str:
        clock.advance(60)
        await app.scheduler().sweep()
        return "done"

    job = await queue.add("slow", deadline=clock.now + timedelta(seconds=10))
    await run_until_idle(app, lease=3600)

    assert await job.result(timeout=1) == "done"
