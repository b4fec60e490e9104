"""How workers start, stop, grow, shrink, and outlive a store that fails."""

import asyncio
import contextvars
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from errands import (
    Errands,
    HandlerConflict,
    InvalidOption,
    JobContext,
    JobStatus,
    Queue,
    StoreUnavailable,
    SyncJobContext,
    WorkerStateError,
)
from errands.core.application.use_cases.settle import CycleResult
from errands.core.ports.store import Store, Work
from errands.testing import FakeClock, FaultyStore, application, run_until_idle
from tests.contract.steps import kinds


class Gate:
    """A handler that stays until it is let go, and counts who is inside."""

    def __init__(self, app: Errands) -> None:
        self.inside = self.most = 0
        self.open = asyncio.Event()
        self.changed = asyncio.Condition()
        app.handler("stay")(self.stay)

    async def stay(self, data: Any) -> Any:
        self.inside += 1
        self.most = max(self.most, self.inside)
        async with self.changed:
            self.changed.notify_all()
        try:
            await self.open.wait()
        finally:
            self.inside -= 1
        return data

    async def until(self, inside: int) -> None:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: self.inside == inside)


@pytest.fixture
async def gate(app: Errands) -> Gate:
    return Gate(app)


async def test_no_more_jobs_run_at_once_than_there_are_slots(
    app: Errands, queue: Queue, gate: Gate
) -> None:
    jobs = await queue.add_many([("stay", n) for n in range(9)])
    worker = app.worker(scheduler=False, concurrency=3)
    async with worker:
        await gate.until(inside=3)
        assert worker.active == 3
        assert (await queue.counts())[JobStatus.ACTIVE].value == 3
        gate.open.set()
        for job in jobs:
            await job.result(timeout=5)

    assert gate.most == 3


async def test_concurrency_changes_while_running(app: Errands, queue: Queue, gate: Gate) -> None:
    await queue.add_many([("stay", n) for n in range(9)])
    worker = app.worker(scheduler=False, concurrency=1, poll=60)
    async with worker:
        await gate.until(inside=1)
        worker.concurrency = 4
        await gate.until(inside=4)
        worker.concurrency = 1
        with pytest.raises(InvalidOption, match="concurrency"):
            worker.concurrency = 0
        assert worker.concurrency == 1
        gate.open.set()


async def test_a_graceful_close_waits_for_what_runs_and_claims_nothing_more(
    app: Errands, queue: Queue, gate: Gate
) -> None:
    first, second = await queue.add_many([("stay", 1), ("stay", 2)])
    worker = app.worker(scheduler=False, concurrency=1)
    working = asyncio.ensure_future(worker.run(handle_signals=False))
    await gate.until(inside=1)
    closing = asyncio.ensure_future(worker.close())
    await asyncio.sleep(0)
    assert not closing.done()
    assert worker.is_running

    gate.open.set()
    await asyncio.wait_for(closing, 5)
    await working

    with pytest.raises(WorkerStateError):
        await worker.run()
    assert await first.result(timeout=0) == 1
    assert (await second.refresh()).status is JobStatus.WAITING


async def test_a_graceful_close_ends_as_soon_as_its_last_run_is_settled(
    app: Errands, queue: Queue, gate: Gate
) -> None:
    await queue.add("stay")
    async with asyncio.timeout(5):
        async with app.worker(scheduler=False, poll=60, idle_poll=60):
            await gate.until(inside=1)
            asyncio.get_running_loop().call_soon(gate.open.set)

    assert (await queue.counts())[JobStatus.COMPLETED].value == 1


async def test_leases_are_renewed_while_a_close_waits(url: str) -> None:
    async with Errands(url) as app:
        gate = Gate(app)
        job = await app.queue().add("stay", 1)
        worker = app.worker(lease=0.2, renewal=0.04, scheduler=False)
        working = asyncio.ensure_future(worker.run(handle_signals=False))
        await gate.until(inside=1)
        claimed = (await job.refresh()).started_at
        closing = asyncio.ensure_future(worker.close())
        await asyncio.sleep(0.4)

        assert (await app.scheduler().sweep())["expired"] == 0
        gate.open.set()
        await asyncio.wait_for(closing, 5)
        await working

        await job.refresh()
        assert (job.status, job.started_at) == (JobStatus.COMPLETED, claimed)


@pytest.mark.parametrize("how", [{"force": True}, {"grace": 0.02}], ids=["forced", "out of grace"])
async def test_a_run_that_a_close_ends_is_given_back_uncounted(
    app: Errands, queue: Queue, gate: Gate, how: dict[str, Any]
) -> None:
    job = await queue.add("stay")
    worker = app.worker(scheduler=False)
    working = asyncio.ensure_future(worker.run(handle_signals=False))
    await gate.until(inside=1)

    await asyncio.wait_for(worker.close(**how), 5)
    await working

    await job.refresh()
    assert (job.status, job.starts, job.crashes, job.attempts_made) == (JobStatus.WAITING, 0, 0, 0)
    assert await kinds(queue, job) == ["added", "active", "released", "waiting"]


async def test_a_cancelled_worker_gives_back_what_runs(
    app: Errands, queue: Queue, gate: Gate
) -> None:
    job = await queue.add("stay")
    worker = app.worker(scheduler=False)
    working = asyncio.ensure_future(worker.run(handle_signals=False))
    await gate.until(inside=1)

    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(working, 5)

    assert (gate.inside, worker.active, worker.is_running) == (0, 0, False)
    assert await kinds(queue, job) == ["added", "active", "released", "waiting"]


class LosesAnswers(FaultyStore):
    """Loses the answer of each commit of a claim that found something, so many times."""

    def __init__(self, store: Store, times: int) -> None:
        super().__init__(store)
        self.left = times

    async def transact(self, work: Work[Any], **how: bool) -> Any:
        answer = await super().transact(work, **how)
        if self.left and isinstance(answer, CycleResult) and answer.claimed:
            self.left -= 1
            raise StoreUnavailable(self.url, "the connection was lost in COMMIT")
        return answer


@pytest.mark.parametrize("times", [1, 3])
async def test_what_a_claim_got_whose_commit_was_not_answered_is_run(
    app: Errands, times: int
) -> None:
    async def answer(context: JobContext) -> Any:
        return context.data

    store = LosesAnswers(app.container.store(), times)
    async with Errands(store=store) as unsure:
        jobs = await unsure.queue().add_many([("x", n) for n in range(5)])

        async with unsure.worker("default", processor=answer, concurrency=2):
            results = [await job.result(timeout=10) for job in jobs]
        for job in jobs:
            await job.refresh()

    assert results == list(range(5))
    assert store.left == 0
    assert {(job.starts, job.crashes, job.attempts_made) for job in jobs} == {(1, 0, 1)}


class SlowToAnswer(FaultyStore):
    """Keeps the answer of a claim that found something until it is let go."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.claimed, self.may_answer = asyncio.Event(), asyncio.Event()

    async def transact(self, work: Work[Any], **how: bool) -> Any:
        answer = await super().transact(work, **how)
        if isinstance(answer, CycleResult) and answer.claimed:
            self.claimed.set()
            await self.may_answer.wait()
        return answer


@pytest.mark.parametrize("how", ["close", "cancel"])
async def test_a_claim_under_way_at_a_forced_end_is_given_back(app: Errands, how: str) -> None:
    store = SlowToAnswer(app.container.store())
    async with Errands(store=store) as slow:
        job = await slow.queue().add("stay")
        worker = slow.worker("default", processor=Gate(slow).stay, scheduler=False)
        working = asyncio.ensure_future(worker.run(handle_signals=False))
        await asyncio.wait_for(store.claimed.wait(), 5)

        ending = asyncio.ensure_future(worker.close(force=True))
        if how == "cancel":
            working.cancel()
        await asyncio.sleep(0.01)
        store.may_answer.set()
        await asyncio.wait_for(asyncio.gather(ending, working, return_exceptions=True), 5)

        await job.refresh()
        assert (job.status, job.starts, job.crashes) == (JobStatus.WAITING, 0, 0)


async def test_a_sync_handler_that_ignores_a_forced_close_is_fenced_off(
    app: Errands, queue: Queue
) -> None:
    began, let_go = threading.Event(), threading.Event()

    @app.handler("deaf")
    def deaf(data: Any, context: SyncJobContext) -> str:
        if context.starts == 1 and not began.is_set():
            began.set()
            let_go.wait(10)
            return "from the old run"
        return "from the new run"

    job = await queue.add("deaf")
    worker = app.worker(scheduler=False)
    working = asyncio.ensure_future(worker.run(handle_signals=False))
    await asyncio.to_thread(began.wait, 5)
    await asyncio.wait_for(worker.close(force=True), 5)
    await working
    await run_until_idle(app)
    let_go.set()

    assert await job.result(timeout=1) == "from the new run"


def _ran(context: SyncJobContext) -> str:
    return "ran"


async def test_a_close_with_a_bad_grace_closes_nothing(app: Errands, queue: Queue) -> None:
    async with app.worker("default", processor=_ran, scheduler=False) as worker:
        with pytest.raises(InvalidOption, match="grace"):
            await worker.close(grace=-1)

        assert await (await queue.add("x")).result(timeout=5) == "ran"


async def test_a_forced_close_needs_no_thread_of_the_programs_own(
    app: Errands, queue: Queue, gate: Gate
) -> None:
    let_go = threading.Event()
    asyncio.get_running_loop().set_default_executor(only := ThreadPoolExecutor(1))
    only.submit(let_go.wait, 10)
    worker = app.worker(scheduler=False)
    working = asyncio.ensure_future(worker.run(handle_signals=False))
    await queue.add("stay")
    await gate.until(inside=1)

    await asyncio.wait_for(worker.close(force=True), 5)

    await working
    let_go.set()


async def test_a_signal_closes_every_worker_of_a_loop(app: Errands) -> None:
    workers = [app.worker(name, scheduler=False) for name in ("first", "second")]
    working = asyncio.gather(*(worker.run() for worker in workers))
    await asyncio.sleep(0)

    signal.raise_signal(signal.SIGTERM)
    await asyncio.wait_for(working, 5)

    assert not any(worker.is_running for worker in workers)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


async def test_a_worker_runs_once(app: Errands) -> None:
    worker = app.worker("default", scheduler=False)
    async with worker:
        with pytest.raises(WorkerStateError):
            await worker.run()
    with pytest.raises(WorkerStateError):
        await worker.run()
    await worker.close()


async def test_a_scheduler_runs_once(app: Errands) -> None:
    scheduler = app.scheduler()
    running = asyncio.ensure_future(scheduler.run())
    await asyncio.sleep(0)
    with pytest.raises(WorkerStateError):
        await scheduler.run()
    await scheduler.close()
    await asyncio.wait_for(running, 5)


async def test_a_paused_worker_claims_nothing_until_resumed(
    app: Errands, queue: Queue, gate: Gate
) -> None:
    gate.open.set()
    worker = app.worker(scheduler=False)
    async with worker:
        await worker.pause()
        job = await queue.add("stay", 1)
        await asyncio.sleep(0)
        assert (await job.refresh()).status is JobStatus.WAITING

        worker.resume()
        assert await job.result(timeout=5) == 1


async def test_pausing_a_worker_waits_for_what_runs(app: Errands, queue: Queue, gate: Gate) -> None:
    await queue.add("stay")
    worker = app.worker(scheduler=False)
    async with worker:
        await gate.until(inside=1)
        await worker.pause(wait=False)
        pausing = asyncio.ensure_future(worker.pause())
        await asyncio.sleep(0)
        assert not pausing.done()
        gate.open.set()
        await asyncio.wait_for(pausing, 5)
        assert worker.active == 0


async def test_several_workers_share_the_jobs(app: Errands, queue: Queue) -> None:
    runs: list[int] = []

    @app.handler("note")
    async def note(data: int) -> None:
        runs.append(data)
        await asyncio.sleep(0)

    jobs = await queue.add_many([("note", n) for n in range(200)])
    async with app.worker(scheduler=False), app.worker(scheduler=False):
        for job in jobs:
            await job.result(timeout=5)

    assert sorted(runs) == list(range(200))


async def test_sync_handlers_run_side_by_side(app: Errands, queue: Queue) -> None:
    meeting = threading.Barrier(4)

    @app.handler("meet")
    def meet(data: Any) -> int:
        return meeting.wait(5)

    jobs = await queue.add_many([("meet", n) for n in range(4)])
    async with app.worker(scheduler=False, concurrency=4):
        assert sorted([await job.result(timeout=5) for job in jobs]) == [0, 1, 2, 3]


async def test_sync_handlers_run_after_a_shutdown_that_left_one_behind(url: str) -> None:
    async with application(url) as app:
        began, let_go, returned = threading.Event(), threading.Event(), threading.Event()

        @app.handler("stay")
        def stay(data: Any) -> None:
            began.set()
            let_go.wait(10)
            returned.set()

        async with app.worker(scheduler=False) as worker:
            await app.queue().add("stay")
            await asyncio.to_thread(began.wait, 5)
            await worker.close(force=True)
        await app.shutdown()
        let_go.set()
        await asyncio.to_thread(returned.wait, 5)
        await app.initialize()

        async with app.worker("second", processor=_ran, scheduler=False):
            for _ in range(3):
                job = await app.queue("second").add("go")
                assert await job.result(timeout=5) == "ran"


async def test_a_processor_runs_every_name(app: Errands, queue: Queue) -> None:
    async def process(context: JobContext) -> str:
        return f"{context.name} {context.data}"

    jobs = await queue.add_many([("a", 1), ("b", 2)])
    await run_until_idle(app, "default", processor=process)

    assert [await job.result(timeout=1) for job in jobs] == ["a 1", "b 2"]


async def test_a_context_tells_the_facts_of_its_run(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    seen: list[Any] = []

    @app.handler("look")
    async def look(data: Any, context: JobContext) -> None:
        seen.append((context.id, context.queue, context.name, context.attempt, context.starts))
        seen.append((context.max_attempts, context.priority, context.crashes, context.state))
        seen.append((context.tags, dict(context.metadata), dict(context.trace_context)))
        seen.append((context.created_at, context.deadline, context.idempotency_key))

    await queue.add(
        "look",
        job_id="x",
        priority=3,
        max_attempts=2,
        tags=["t"],
        metadata={"m": 1},
        trace_context={"traceparent": "00"},
    )
    await run_until_idle(app)

    assert seen == [
        ("x", "default", "look", 1, 1),
        (2, 3, 0, None),
        (("t",), {"m": 1}, {"traceparent": "00"}),
        (clock.now, None, "default/x"),
    ]


async def test_context_variables_reach_sync_handlers(app: Errands, queue: Queue) -> None:
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("set")

    @app.handler("look")
    def look(data: Any) -> str:
        return variable.get()

    job = await queue.add("look")
    await run_until_idle(app)

    assert await job.result(timeout=1) == "set"


async def test_a_second_handler_of_a_name_is_refused(app: Errands) -> None:
    def handle(data: Any) -> None: ...

    app.handler("a")(handle)

    with pytest.raises(HandlerConflict) as caught:
        app.handler("a")(handle)
    app.handler("a", queue="other")(handle)

    assert (caught.value.queue, caught.value.name) == ("default", "a")
    app.unregister("a")
    app.handler("a")(handle)


@pytest.mark.parametrize("is_sync", [False, True])
async def test_a_worker_goes_on_when_its_store_fails_for_a_while(
    app: Errands, *, is_sync: bool
) -> None:
    store = FaultyStore(app.container.store())
    broken = Errands(store=store)
    queue = broken.queue()
    runs: list[int] = []
    repaired = asyncio.Event()
    loop = asyncio.get_running_loop()

    def repair() -> None:
        store.repair()
        repaired.set()

    def break_down_for_a_while(data: int) -> int:
        runs.append(data)
        if data == 1:
            store.break_down()
            loop.call_soon_threadsafe(loop.call_later, 0.1, repair)
        return data

    async def the_same_on_the_loop(data: int) -> int:
        return break_down_for_a_while(data)

    broken.handler("work")(break_down_for_a_while if is_sync else the_same_on_the_loop)
    async with broken:
        jobs = await queue.add_many([("work", n) for n in range(4)])
        async with broken.worker(scheduler=False, concurrency=2):
            await asyncio.wait_for(repaired.wait(), 5)
            assert [await job.result(timeout=5) for job in jobs] == [0, 1, 2, 3]

    assert store.failed > 0
    assert sorted(runs) == [0, 1, 2, 3]


async def test_a_waiting_caller_is_told_that_the_store_failed(app: Errands) -> None:
    store = FaultyStore(app.container.store())
    broken = Errands(store=store)
    async with broken:
        store.break_down()
        with pytest.raises(OSError, match="broken by a test"):
            await broken.queue().add("a")
        store.repair()
        assert (await broken.queue().counts())[JobStatus.WAITING].value == 0
        assert (await broken.queue().add("a")).is_new
