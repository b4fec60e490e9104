"""Change a whole queue: pause, resume, drain, clean, obliterate, retry and promote many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import attrs

from ...domain.errors import IllegalTransition
from ...domain.events import Event, EventType
from ...domain.job.job import Job
from ...domain.job.status import JobStatus
from ...domain.queue.queue import Queue
from ...ports.job_catalog import JobQuery
from ...ports.unit_of_work import UnitOfWork
from .changes import Decide, moment, remove
from .maintain import PAGE
from .manage import change_all


def pause(uow: UnitOfWork, name: str) -> None:
    """Let a queue give out no more jobs."""
    uow.queues.register([name])
    _change(uow, name, Queue.pause)


def resume(uow: UnitOfWork, name: str) -> None:
    """Let a queue give out jobs again; one that nobody knows stays unknown."""
    _change(uow, name, Queue.resume)


def _change(
    uow: UnitOfWork, name: str, verb: Callable[[Queue, datetime], tuple[Event, ...]]
) -> None:
    """Decide on a queue that is locked, and write it if anything has changed."""
    queue = uow.queues.get(name)
    events = verb(queue, uow.now)
    if events:
        uow.queues.save(queue)
        uow.events.append(events)


@attrs.frozen
class JobSelection:
    """Which jobs of a queue a bulk verb is for.

    Settled ones only if they ended before `before`, and longer ago than `older_than`. Only
    those that were added before the verb began: their keys are at most `up_to`, which the first
    page finds out.
    """

    queue: str
    statuses: frozenset[JobStatus]
    before: datetime | None = None
    older_than: timedelta | None = None
    limit: int = PAGE
    up_to: int | None = None

    def is_for(self, job: Job, now: datetime) -> bool:
        """Whether the verb is meant for this job, as it is now that it is locked."""
        if job.status not in self.statuses or (self.up_to is not None and job.key > self.up_to):
            return False
        ended = job.finished_at
        if self.before is not None and (ended is None or ended >= self.before):
            return False
        if self.older_than is not None and ended is not None:
            return ended <= now - self.older_than
        return True


@attrs.frozen
class SelectedPage:
    """How many jobs a page changed, and where the next one goes on; None after the last."""

    changed: int
    next: int | None
    up_to: int


def remove_page(
    uow: UnitOfWork, selection: JobSelection, after: int | None, *, force: bool
) -> SelectedPage:
    """Remove a page; active jobs are spared unless forced."""
    jobs, page = _page(uow, selection, after)
    going = [job for job in jobs if force or job.status is not JobStatus.ACTIVE]
    now = moment(uow)
    remove(uow, [(job, job.remove(now, force=force)) for job in going])
    return attrs.evolve(page, changed=len(going))


def change_page(
    uow: UnitOfWork, selection: JobSelection, after: int | None, decide: Decide
) -> SelectedPage:
    """Apply a verb to a page, in the order in which the jobs were added."""
    jobs, page = _page(uow, selection, after)
    return attrs.evolve(page, changed=change_all(uow, jobs, decide))


def _page(
    uow: UnitOfWork, selection: JobSelection, after: int | None
) -> tuple[list[Job], SelectedPage]:
    """The jobs behind a cursor that the verb is for, locked, and where the next page begins.

    They are found without a lock, so that others may have changed them by the time they are
    locked: then it is looked again whether they are meant.
    """
    up_to = uow.jobs.last_sequence() if selection.up_to is None else selection.up_to
    query = JobQuery(queue=selection.queue, statuses=selection.statuses, newest_first=False)
    found = uow.catalog.refs(query, after=after, up_to=up_to, limit=selection.limit)
    jobs = uow.jobs.find(found.refs, bare=True)
    jobs.sort(key=lambda job: job.key)
    bounded = attrs.evolve(selection, up_to=up_to)
    return [job for job in jobs if bounded.is_for(job, uow.now)], SelectedPage(0, found.next, up_to)


def note_cleaned(uow: UnitOfWork, queue: str, removed: int) -> None:
    """Tell that a clean or a drain has removed jobs."""
    uow.events.append([Event(EventType.CLEANED, uow.now, queue, data={"removed": removed})])


def require_idle(uow: UnitOfWork, name: str) -> None:
    """Raise `IllegalTransition` if a job of the queue is active."""
    query = JobQuery(queue=name, statuses=frozenset({JobStatus.ACTIVE}))
    page = uow.catalog.refs(query, after=None, up_to=uow.jobs.last_sequence(), limit=1)
    for ref in page.refs:
        raise IllegalTransition(ref.id, "obliterate", JobStatus.ACTIVE.value)


def forget_queue(uow: UnitOfWork, name: str, up_to: int) -> bool:
    """Make a queue unknown, with its pause and its settings, if what it had is gone.

    False where jobs that it had are still there and do not run: they came back, or were just
    being added. Raises `IllegalTransition` where one of them runs.
    """
    left = uow.catalog.refs(JobQuery(queue=name), after=None, up_to=up_to, limit=1)
    for job in uow.catalog.peek(left.refs):
        if job.status is JobStatus.ACTIVE:
            raise IllegalTransition(job.id, "obliterate", job.status.value)
        return False
    uow.queues.forget(name, uow.now)
    return True
