"""What the scheduler does: each a bounded batch that the entity decides on."""

from __future__ import annotations

from datetime import datetime, timedelta

from ...domain.events import Event, EventType
from ...domain.job.job import Job
from ...domain.job.status import TERMINAL
from ...ports.unit_of_work import UnitOfWork
from .draw import DrawOne
from .manage import save_all

BATCH = 500
"""Rows of one maintenance transaction."""


def promote_due(uow: UnitOfWork) -> int:
    """Make due jobs ready, in (run_at, sequence) order; how many."""
    due = uow.calendar.due(uow.now, BATCH)
    draw = DrawOne(uow, len(due))
    save_all(uow, [(job, job.promote(uow.now, draw)) for job in due])
    return len(due)


def expire_leases(uow: UnitOfWork) -> int:
    """Take the leases of workers that stopped renewing them; how many."""
    expired = uow.calendar.expired(uow.now, BATCH)
    lost = sorted({job.lease.worker for job in expired if job.lease is not None})
    save_all(uow, [(job, job.expire(uow.now)) for job in expired])
    uow.events.append(
        [Event(EventType.WORKER_LOST, uow.now, data={"worker": worker}) for worker in lost]
    )
    return len(expired)


def lapse(uow: UnitOfWork) -> int:
    """End jobs whose time to start has passed; how many."""
    lapsed = uow.calendar.lapsed(uow.now, BATCH)
    save_all(uow, [(job, job.lapse(uow.now)) for job in lapsed])
    return len(lapsed)


def purge(uow: UnitOfWork) -> int:
    """Remove settled jobs that are older than they are kept; how many."""
    return _remove(uow, uow.calendar.purgeable(uow.now, BATCH))


def trim(uow: UnitOfWork, queue: str) -> int:
    """Remove settled jobs of a queue beyond the count that is kept; how many."""
    removed = 0
    for status in sorted(TERMINAL):
        removed += _remove(uow, uow.calendar.surplus(queue, status, BATCH))
    return removed


def prune_events(uow: UnitOfWork, keep: timedelta) -> int:
    """Remove events older than `keep`; how many."""
    return uow.events.prune(uow.now - keep, BATCH)


def next_due(uow: UnitOfWork) -> tuple[datetime, datetime | None]:
    """The store's time, and the next moment at which something falls due."""
    return uow.now, uow.calendar.next_due()


def _remove(uow: UnitOfWork, jobs: list[Job]) -> int:
    uow.jobs.remove(jobs)
    return len(jobs)
