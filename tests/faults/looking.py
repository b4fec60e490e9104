"""What a fault test looks at from outside."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from errands import Errands, EventType, JobHandle, JobStatus

PATIENCE_SECONDS: Final = 30.0
OPEN: Final = (JobStatus.WAITING, JobStatus.ACTIVE, JobStatus.DELAYED)


async def until_settled(job: JobHandle) -> None:
    """Wait for the end of a job, however it ends."""
    await until(lambda: _is_settled(job), True)


async def _is_settled(job: JobHandle) -> bool:
    return (await job.refresh()).status.is_terminal


async def until(ask: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Wait until the answer is this."""
    started = time.monotonic()
    while (answer := await ask()) != wanted:
        assert time.monotonic() - started < PATIENCE_SECONDS, answer
        await asyncio.sleep(0.02)


async def until_done(app: Errands, queue: str = "default") -> None:
    """Wait until nothing is left to run."""
    while True:
        counts = await app.queue(queue).counts()
        if not any(counts[status].value for status in OPEN):
            return
        await asyncio.sleep(0.05)


async def all_jobs(app: Errands, queue: str = "default") -> list[JobHandle]:
    """Every job of the queue."""
    jobs: list[JobHandle] = []
    after: int | None = None
    while True:
        page = await app.queue(queue).jobs(after=after, limit=1_000)
        jobs += page.jobs
        if page.next is None:
            return jobs
        after = page.next


async def told(app: Errands, kind: EventType) -> dict[str | None, int]:
    """How often the event log tells this of each job."""
    events = app.queue().events(after=0, types=[kind], follow=False)
    return dict(Counter([event.job_id async for event in events]))


async def pickups(app: Errands) -> tuple[tuple[float, float], ...]:
    """When each job was added, and how many seconds it waited for its first start."""
    added: dict[str | None, float] = {}
    found: list[tuple[float, float]] = []
    async for event in app.queue().events(after=0, types=["added", "active"], follow=False):
        at = event.at.timestamp()
        if event.type is EventType.ADDED:
            added[event.job_id] = at
        elif event.job_id in added:
            began = added.pop(event.job_id)
            found.append((began, at - began))
    return tuple(found)
