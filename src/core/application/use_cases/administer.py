"""Change a whole queue: pause, resume, drain, clean, obliterate, retry and promote many."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from ...domain.errors import IllegalTransition
from ...domain.events import Event, EventType
from ...domain.job.job import Job
from ...domain.job.status import JobStatus
from ...ports.job_catalog import JobQuery
from ...ports.unit_of_work import UnitOfWork
from .maintain import BATCH
from .manage import Decide, change_all


def pause(uow: UnitOfWork, name: str) -> None:
    """Let a queue give out no more jobs."""
    queue = uow.queues.get(name)
    events = queue.pause(uow.now)
    uow.queues.save(queue)
    uow.events.append(events)


def resume(uow: UnitOfWork, name: str) -> None:
    """Let a queue give out jobs again."""
    queue = uow.queues.get(name)
    events = queue.resume(uow.now)
    uow.queues.save(queue)
    uow.events.append(events)


@attrs.frozen
class Sweep:
    """Which jobs of a queue a bulk verb is for.

    Settled ones only if they ended before `before`, and longer ago than `older_than`.
    """

    queue: str
    statuses: frozenset[JobStatus]
    before: datetime | None = None
    older_than: timedelta | None = None
    limit: int = BATCH

    def is_for(self, job: Job, now: datetime) -> bool:
        """Whether the verb is meant for this job."""
        ended = job.finished_at
        if self.before is not None and (ended is None or ended >= self.before):
            return False
        if self.older_than is not None and ended is not None:
            return ended <= now - self.older_than
        return True


@attrs.frozen
class Swept:
    """How many jobs a batch changed, and where the next one goes on; None after the last."""

    changed: int
    next: int | None


def remove_batch(uow: UnitOfWork, sweep: Sweep, after: int | None, *, force: bool) -> Swept:
    """Remove a batch; active jobs are spared unless forced."""
    jobs, cursor = _batch(uow, sweep, after)
    going = [job for job in jobs if force or job.status is not JobStatus.ACTIVE]
    uow.jobs.remove(going)
    uow.events.append([event for job in going for event in job.remove(uow.now, force=force)])
    return Swept(len(going), cursor)


def change_batch(uow: UnitOfWork, sweep: Sweep, after: int | None, decide: Decide) -> Swept:
    """Apply a verb to a batch, in the order in which the jobs were added."""
    jobs, cursor = _batch(uow, sweep, after)
    return Swept(change_all(uow, jobs, decide), cursor)


def _batch(uow: UnitOfWork, sweep: Sweep, after: int | None) -> tuple[list[Job], int | None]:
    query = JobQuery(queue=sweep.queue, statuses=sweep.statuses, newest_first=False)
    page = uow.catalog.page(query, after=after, limit=sweep.limit)
    jobs = uow.jobs.find({job.ref for job in page.jobs})
    jobs.sort(key=lambda job: job.key)
    return [job for job in jobs if sweep.is_for(job, uow.now)], page.next


def note_cleaned(uow: UnitOfWork, queue: str, removed: int) -> None:
    """Tell that a clean or a drain has removed jobs."""
    uow.events.append([Event(EventType.CLEANED, uow.now, queue, data={"removed": removed})])


def require_idle(uow: UnitOfWork, name: str) -> None:
    """Raise `IllegalTransition` if a job of the queue is active."""
    query = JobQuery(queue=name, statuses=frozenset({JobStatus.ACTIVE}))
    for job in uow.catalog.page(query, after=None, limit=1).jobs:
        raise IllegalTransition(job.id, "obliterate", job.status.value)


def forget_queue(uow: UnitOfWork, name: str) -> None:
    """Make a queue unknown; its pause and its settings go with it."""
    uow.queues.remove(name)
