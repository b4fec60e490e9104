"""The demo itself: add every file, work with two processes, kill one, wait for the end."""

from __future__ import annotations

import asyncio
import time
from typing import IO, Final

import attrs

from .... import Errands, JobStatus, Queue
from ..output import Trouble, plural, say
from ..supervisor import Supervisor
from ..worker import child_arguments
from . import jobs
from .jobs import NAME, QUEUE
from .progress import Shown, shown_progress
from .sources import Source
from .victim import kill_in_the_act

PROCESSES: Final = 2
CONCURRENCY: Final = 4
KILL_AT: Final = 0.35
"""The share of settled jobs at which a worker is killed."""
LONGEST_SECONDS: Final = 110.0
LOOK_SECONDS: Final = 0.1
OPEN: Final = (JobStatus.WAITING, JobStatus.DELAYED, JobStatus.ACTIVE)


@attrs.define
class Performance:
    """What happened: jobs held by the killed worker, and seconds from first to last job."""

    killed_pid: int | None = None
    held: int = 0
    replaced: int = 0
    seconds: float = 0.0


async def add_files(app: Errands, files: tuple[Source, ...]) -> None:
    """Make each file a job, all of them in one transaction; its name is the job's id."""
    await app.queue(QUEUE).add_many(
        (
            NAME,
            {"path": str(file.path), "is_flaky": file.is_flaky},
            {"job_id": file.name, "backoff": 0.5},
        )
        for file in files
    )


async def perform(app: Errands, total: int, log: IO[bytes]) -> Performance:
    """Work until every job is settled. Raises `Trouble` if that takes too long."""
    arguments = child_arguments(f"{jobs.__name__}:app", concurrency=CONCURRENCY)
    environment = {"JOB_QUEUE_DATABASE_URL": app.url}
    supervisor = Supervisor(arguments, PROCESSES, environment=environment, output=log)
    supervising = asyncio.ensure_future(supervisor.supervise())
    happened = Performance()
    started = time.monotonic()
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            with shown_progress(total) as shown:
                await _watch(app.queue(QUEUE), supervisor, happened, shown, total)
    except TimeoutError as error:
        sentence = f"not done within {LONGEST_SECONDS:.0f} s; the workers' output is in {log.name}"
        raise Trouble(sentence) from error
    finally:
        happened.seconds = time.monotonic() - started
        supervisor.stop()
        await supervising
    happened.replaced = supervisor.replaced
    return happened


async def _watch(
    queue: Queue, supervisor: Supervisor, happened: Performance, shown: Shown, total: int
) -> None:
    while True:
        counts = await queue.counts()
        done = total - sum(counts[status].value for status in OPEN)
        failed, active = counts[JobStatus.FAILED].value, counts[JobStatus.ACTIVE].value
        shown.tell(done, f"{failed} failed, {active} active")
        if done >= total:
            return
        if happened.killed_pid is None and done >= total * KILL_AT and supervisor.children:
            await _kill_one(queue, supervisor.children[0], happened)
        await asyncio.sleep(LOOK_SECONDS)


async def _kill_one(queue: Queue, pid: int, happened: Performance) -> None:
    happened.held = await kill_in_the_act(pid, queue)
    if happened.held:
        happened.killed_pid = pid
        held = plural(happened.held, "job")
        say(f"  [red]kill -9[/] worker {pid}, in the middle of {held}; another takes its place")
