"""Change single jobs by hand: each verb loads, decides, saves and tells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import attrs

from ...domain.errors import IllegalTransition, InvalidOption, JobUnreadable
from ...domain.events import Event
from ...domain.job.identity import JobRef
from ...domain.job.job import Job
from ...domain.job.moment import Moment
from ...domain.job.unreadable import ensure_readable
from ...ports.unit_of_work import UnitOfWork
from .changes import Change, Decide, moment, remove, write_all


def change(uow: UnitOfWork, ref: JobRef, decide: Decide) -> Job:
    """Load a job, decide, save it and tell.

    Raises `JobNotFound`, `JobUnreadable` and what the verb raises.
    """
    job = uow.jobs.get(ref)
    ensure_readable(job)
    write_all(uow, [(job, decide(job, moment(uow)))])
    return job


@attrs.frozen
class Promote:
    """Make a delayed job ready now."""

    def __call__(self, job: Job, moment: Moment) -> tuple[Event, ...]:
        """Decide."""
        return job.promote(moment)


@attrs.frozen
class CancelJob:
    """Cancel, or ask the active run to end."""

    reason: str = ""

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.reason, str):
            raise InvalidOption("reason", "must be a string")

    def __call__(self, job: Job, moment: Moment) -> tuple[Event, ...]:
        """Decide."""
        return job.cancel(self.reason, moment)


@attrs.frozen
class Retry:
    """Run a settled job again."""

    reset_attempts: bool = False

    def __call__(self, job: Job, moment: Moment) -> tuple[Event, ...]:
        """Decide."""
        return job.retry(moment, reset=self.reset_attempts)


@attrs.frozen
class ChangeDelay:
    """Make a delayed job due so much from now."""

    delay: timedelta

    def __call__(self, job: Job, moment: Moment) -> tuple[Event, ...]:
        """Decide."""
        return job.change_delay(self.delay, moment)


@attrs.frozen
class ChangePriority:
    """Move a job that has not started to another priority."""

    priority: int
    lifo: bool = False

    def __call__(self, job: Job, moment: Moment) -> tuple[Event, ...]:
        """Decide."""
        return job.change_priority(self.priority, moment, lifo=self.lifo)


def update_data(uow: UnitOfWork, ref: JobRef, data: str) -> Job:
    """Replace the input (JSON text) of a job that has not started."""
    job = change(uow, ref, lambda job, at: job.update_data(data, at))
    uow.jobs.save_data(job)
    return job


def remove_job(uow: UnitOfWork, ref: JobRef, *, force: bool = False) -> None:
    """Delete a job, readable or not; an active one only by force."""
    job = uow.jobs.get(ref)
    remove(uow, [(job, job.remove(moment(uow), force=force))])


def clear_logs(uow: UnitOfWork, ref: JobRef, keep: int) -> int:
    """Remove all but the newest lines of a job's log."""
    return uow.logs.clear(uow.jobs.get(ref).key, keep=keep)


def change_all(uow: UnitOfWork, jobs: Sequence[Job], decide: Decide) -> int:
    """Apply a verb to loaded jobs, in order, passing over those it is not allowed on.

    Those that cannot be read are passed over too.
    """
    changes: list[Change] = []
    now = moment(uow, len(jobs))
    for job in jobs:
        try:
            ensure_readable(job)
            changes.append((job, decide(job, now)))
        except (IllegalTransition, JobUnreadable):
            continue
    write_all(uow, changes)
    return len(changes)
