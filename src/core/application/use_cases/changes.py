"""The only way in which a job that a verb has changed reaches the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...domain.errors import JobNotFound
from ...domain.events import Event
from ...domain.job.job import Job
from ...domain.job.moment import Moment
from ...domain.skipped import skipped
from ...ports.unit_of_work import UnitOfWork
from .sequences import DrawOne

Change = tuple[Job, tuple[Event, ...]]
"""A job after a verb, and what the verb says has happened."""

Decide = Callable[[Job, Moment], tuple[Event, ...]]
"""A verb on a job; what has happened."""


def moment(uow: UnitOfWork, expected: int = 1) -> Moment:
    """The time of a unit, with sequences for so many jobs, drawn when the first is asked for."""
    return Moment(uow.now, DrawOne(uow, expected))


def write(uow: UnitOfWork, changes: Sequence[Change]) -> list[Job]:
    """Save jobs and append what happened to them.

    Returns those that were not saved, for another write has changed or removed them since they
    were loaded; nothing is told of these.
    """
    stale = uow.jobs.save([job for job, _ in changes])
    if stale:
        changes = [change for change in changes if change[0] not in stale]
    uow.events.append([event for _, events in changes for event in events])
    return stale


def write_all(uow: UnitOfWork, changes: Sequence[Change]) -> None:
    """`write` for jobs that were loaded, locked, in this unit; those with events are saved.

    Raises `JobNotFound` where one was not there, and `StoreRefused` where the store takes the
    write and keeps a job as it was.
    """
    stale = write(uow, [change for change in changes if change[1]])
    if stale:
        raise _why_not_saved(uow, stale[0])


def remove(uow: UnitOfWork, changes: Sequence[Change]) -> None:
    """Remove jobs and append what is told of that."""
    uow.jobs.remove([job for job, _ in changes])
    uow.events.append([event for _, events in changes for event in events])


def _why_not_saved(uow: UnitOfWork, job: Job) -> Exception:
    is_there = any(found.version == job.version for found in uow.jobs.find([job.ref], bare=True))
    return skipped(job.ref) if is_there else JobNotFound(job.id, job.queue)
