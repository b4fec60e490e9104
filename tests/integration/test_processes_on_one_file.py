"""Several processes on one file: real ones, over the public API."""

import asyncio
import time

import pytest

from errands import Errands, EventType, JobCancelled, JobHandle, JobStatus
from tests.integration.processes import Processes, Program

NEVER_POLLS = 60
"""Seconds between polls of a worker that is to be woken by hints alone."""


@pytest.mark.slow
async def test_four_processes_with_a_thousand_jobs_each_run_every_job_once(
    processes: Processes, app: Errands
) -> None:
    programs = [processes.start("add_and_work", number, 1_000) for number in range(4)]
    for program in programs:
        program.expect("added")
    await until_settled(app, 4_000)

    for program in programs:
        program.tell()
    runs = [job_id for program in programs for job_id in program.line().split()]

    for program in programs:
        program.succeed()
        assert "locked" not in program.errors
    assert sorted(runs) == sorted(f"{n}-{k}" for n in range(4) for k in range(1_000))
    assert (await app.queue().counts())[JobStatus.COMPLETED].value == 4_000


@pytest.mark.slow
async def test_priorities_come_first_and_each_producer_first_in_first_out(
    processes: Processes, app: Errands
) -> None:
    queue = app.queue()
    await queue.pause()
    producers = [processes.start("produce", name, 2_500) for name in "abcd"]
    for producer in producers:
        producer.expect("ready")
    for producer in producers:
        producer.tell()
    for producer in producers:
        producer.succeed()
    worker = processes.start("work", 1, 30, 100)
    worker.expect("ready")

    await queue.resume()
    await until_settled(app, 10_000)

    order = [
        event.job_id.split()
        async for event in queue.events(after=0, types=["active"], follow=False)
        if event.job_id is not None
    ]
    assert len(order) == 10_000
    classes = [int(number) % 3 for _, number in order]
    assert classes == sorted(classes), "a less urgent job was claimed before a more urgent one"
    for name in "abcd":
        for urgency in range(3):
            mine = [int(n) for producer, n in order if producer == name and int(n) % 3 == urgency]
            assert mine == sorted(mine)


async def test_an_add_wakes_an_idle_worker_of_another_process(
    processes: Processes, app: Errands
) -> None:
    worker = processes.start("work", NEVER_POLLS)
    worker.expect("ready")
    await settle_down(app, worker)

    started = time.monotonic()
    job = await app.queue().add("note")
    worker.expect(f"ran {job.id}")

    assert time.monotonic() - started < 5


async def test_a_result_is_waited_for_in_another_process(
    processes: Processes, app: Errands
) -> None:
    processes.start("work").expect("ready")

    job = await app.queue().add("note", {"answer": 42})

    assert await job.result(timeout=10) == {"answer": 42}


@pytest.mark.parametrize("name", ["hold", "hold_sync"])
async def test_a_cancel_reaches_the_handler_in_another_process(
    processes: Processes, app: Errands, name: str
) -> None:
    worker = processes.start("work", NEVER_POLLS)
    worker.expect("ready")
    job = await app.queue().add(name)
    worker.expect(f"started {job.id}")

    started = time.monotonic()
    await job.cancel("not wanted")
    worker.expect(f"cancelled {job.id}")

    with pytest.raises(JobCancelled, match="not wanted"):
        await job.result(timeout=10)
    assert time.monotonic() - started < 5


async def test_a_pause_is_honoured_by_another_process(processes: Processes, app: Errands) -> None:
    worker = processes.start("work")
    worker.expect("ready")
    queue, other = app.queue(), app.queue("other")

    await queue.pause()
    held_back = await queue.add("note")
    let_through = [await other.add("note") for _ in range(3)]
    for job in let_through:
        worker.expect(f"ran {job.id}")

    assert (await held_back.refresh()).status is JobStatus.WAITING
    await queue.resume()
    worker.expect(f"ran {held_back.id}")


async def test_events_of_another_process_are_followed(processes: Processes, app: Errands) -> None:
    processes.start("work").expect("ready")
    queue = app.queue()
    job = await queue.add("note")

    seen: list[EventType] = []
    async with asyncio.timeout(10):
        async for event in queue.events(after=0, job_id=job.id):
            seen.append(event.type)
            if event.type is EventType.COMPLETED:
                break

    assert seen == [EventType.ADDED, EventType.ACTIVE, EventType.COMPLETED]


@pytest.mark.slow
def test_two_processes_make_a_new_file_at_once(processes: Processes) -> None:
    programs = [processes.start("initialize"), processes.start("initialize")]

    for round_ in range(20):
        for program in programs:
            program.tell(f"-{round_}")
        for program in programs:
            program.expect("done")


def test_parent_and_child_both_go_on_after_a_fork(processes: Processes, url: str) -> None:
    forking = processes.start("fork", 200)

    forking.expect("0")
    forking.succeed()

    processes.start("check_integrity").expect("ok")
    with Errands(url).sync as app:
        assert app.queue().counts()[JobStatus.WAITING].value == 401


@pytest.mark.slow
async def test_a_handler_that_blocks_the_loop_past_its_lease_is_not_run_twice(
    processes: Processes, app: Errands
) -> None:
    workers = [processes.start("work", 1, 1) for _ in range(2)]
    for worker in workers:
        worker.expect("ready")

    job = await app.queue().add("block", 3.0)
    await job.result(timeout=20)

    await job.refresh()
    assert (job.starts, job.crashes) == (1, 0)


async def test_sigterm_lets_the_running_job_end_and_starts_no_other(
    processes: Processes, app: Errands
) -> None:
    program = processes.start("run")
    running = await app.queue().add("finish", 0.5)
    waiting = await app.queue().add("finish", 0.5)
    program.expect(f"started {running.id}")

    program.terminate()
    program.succeed()

    await running.refresh()
    await waiting.refresh()
    assert (running.status, running.return_value) == (JobStatus.COMPLETED, "finished")
    assert (waiting.status, waiting.starts) == (JobStatus.WAITING, 0)


async def test_a_second_sigterm_gives_the_running_job_back(
    processes: Processes, app: Errands
) -> None:
    program = processes.start("run")
    job = await app.queue().add("hold")
    program.expect(f"started {job.id}")

    program.terminate()
    await asyncio.sleep(0.3)  # Two at the same moment would arrive as one.
    program.terminate()
    program.succeed()

    await job.refresh()
    assert (job.status, job.starts, job.crashes) == (JobStatus.WAITING, 0, 0)


async def until_settled(app: Errands, wanted: int) -> None:
    """Wait until so many events tell of a completed job."""
    seen = 0
    async for _ in app.queue().events(after=0, types=["completed"]):
        seen += 1
        if seen == wanted:
            return


async def settle_down(app: Errands, worker: Program) -> JobHandle:
    """Let a worker run something, so that it has gone to rest when the test begins."""
    job = await app.queue().add("note")
    worker.expect(f"ran {job.id}")
    await job.result(timeout=10)
    return job
