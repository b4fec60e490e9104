"""Steps that many tests take."""

from datetime import timedelta
from functools import partial
from typing import Any

from errands import Errands, JobHandle, Queue
from errands.core.application.use_cases.settle import WorkerCycle, run_cycle
from errands.core.domain.job.job import Job
from errands.core.domain.job.lease import Claim
from errands.testing import FakeClock

LEASE = timedelta(seconds=30)


async def kinds(queue: Queue, job: JobHandle | None = None) -> list[str]:
    """The types of all events of a queue, or of one of its jobs."""
    job_id = None if job is None else job.id
    return [event.type.value async for event in queue.events(after=0, job_id=job_id, follow=False)]


async def claim_and_vanish(app: Errands, queue: str = "default", limit: int = 1) -> list[Job]:
    """Be a worker that claims jobs and is never seen again."""
    token = app.container.ids().token()
    claim = Claim(queue, limit, "vanished", token, LEASE)
    work = partial(run_cycle, cycle=WorkerCycle(claims=(claim,), free=limit))
    result = await app.container.store().transact(work)
    return result.claimed


async def crash(app: Errands, queue: str = "default") -> None:
    """Claim a job, vanish, and let its lease run out."""
    assert await claim_and_vanish(app, queue)
    clock = app.container.clock()
    assert isinstance(clock, FakeClock)
    clock.advance(LEASE)
    await app.scheduler().sweep()


async def ids(queue: Queue, status: str, **wanted: Any) -> list[str]:
    """The ids of the jobs in a status, in the order of adding."""
    page = await queue.jobs(status=status, newest_first=False, limit=1_000, **wanted)
    return [job.id for job in page.jobs]
