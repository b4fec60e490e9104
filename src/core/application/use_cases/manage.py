"""Change single jobs by hand: each verb loads, decides, saves and tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import attrs

from ...domain.errors import IllegalTransition, InvalidOption, JobNotFound, JobUnreadable
from ...domain.events import Event
from ...domain.job.identity import JobRef
from ...domain.job.job import Job
from ...domain.job.unreadable import ensure_readable
from ...domain.skipped import skipped
from ...ports.unit_of_work import UnitOfWork
from .sequences import DrawOne

Decide = Callable[[Job, datetime, DrawOne], tuple[Event, ...]]
"""A verb on a job at a time, with sequences for where it needs one; what has happened."""


def change(uow: UnitOfWork, ref: JobRef, decide: Decide) -> Job:
    """Load a job, decide, save it and tell.

    Raises `JobNotFound`, `JobUnreadable` and what the verb raises.
    """
    job = uow.jobs.get(ref)
    ensure_readable(job)
    save_all(uow, [(job, decide(job, uow.now, DrawOne(uow)))])
    return job


def save_all(uow: UnitOfWork, decided: Sequence[tuple[Job, tuple[Event, ...]]]) -> None:
    """Save jobs that were loaded, locked, in this unit, and append what happened to them.

    Raises `StoreRefused` where the store takes the write and keeps a job as it was.
    """
    stale = uow.jobs.save([job for job, events in decided if events])
    if stale:
        raise _why_not_saved(uow, stale[0])
    uow.events.append([event for _, events in decided for event in events])


def _why_not_saved(uow: UnitOfWork, job: Job) -> Exception:
    is_there = any(found.version == job.version for found in uow.jobs.find([job.ref], bare=True))
    return skipped(job.ref) if is_there else JobNotFound(job.id, job.queue)


@attrs.frozen
class Promote:
    """Make a delayed job ready now."""

    def __call__(self, job: Job, now: datetime, draw: DrawOne) -> tuple[Event, ...]:
        """Decide."""
        return job.promote(now, draw)


@attrs.frozen
class CancelJob:
    """Cancel, or ask the active run to end."""

    reason: str = ""

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.reason, str):
            raise InvalidOption("reason", "must be a string")

    def __call__(self, job: Job, now: datetime, _: DrawOne) -> tuple[Event, ...]:
        """Decide."""
        return job.cancel(self.reason, now)


@attrs.frozen
class Retry:
    """Run a settled job again."""

    reset_attempts: bool = False

    def __call__(self, job: Job, now: datetime, draw: DrawOne) -> tuple[Event, ...]:
        """Decide."""
        return job.retry(now, draw, reset=self.reset_attempts)


@attrs.frozen
class ChangeDelay:
    """Make a delayed job due so much from now."""

    delay: timedelta

    def __call__(self, job: Job, now: datetime, _: DrawOne) -> tuple[Event, ...]:
        """Decide."""
        return job.change_delay(self.delay, now)


@attrs.frozen
class ChangePriority:
    """Move a job that has not started to another priority."""

    priority: int
    lifo: bool = False

    def __call__(self, job: Job, now: datetime, draw: DrawOne) -> tuple[Event, ...]:
        """Decide."""
        return job.change_priority(self.priority, now, draw, lifo=self.lifo)


def update_data(uow: UnitOfWork, ref: JobRef, data: str) -> Job:
    """Replace the input (JSON text) of a job that has not started."""
    job = change(uow, ref, lambda job, now, _: job.update_data(data, now))
    uow.jobs.save_data(job)
    return job


def remove_job(uow: UnitOfWork, ref: JobRef, *, force: bool = False) -> None:
    """Delete a job, readable or not; an active one only by force."""
    job = uow.jobs.get(ref)
    events = job.remove(uow.now, force=force)
    uow.jobs.remove([job])
    uow.events.append(events)


def clear_logs(uow: UnitOfWork, ref: JobRef, keep: int) -> int:
    """Remove all but the newest lines of a job's log."""
    return uow.logs.clear(uow.jobs.get(ref).key, keep=keep)


def change_all(uow: UnitOfWork, jobs: Sequence[Job], decide: Decide) -> int:
    """Apply a verb to loaded jobs, in order, passing over those it is not allowed on.

    Those that cannot be read are passed over too.
    """
    decided: list[tuple[Job, tuple[Event, ...]]] = []
    draw = DrawOne(uow, len(jobs))
    for job in jobs:
        try:
            ensure_readable(job)
            decided.append((job, decide(job, uow.now, draw)))
        except (IllegalTransition, JobUnreadable):
            continue
    save_all(uow, decided)
    return len(decided)
