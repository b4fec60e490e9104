"""What the scheduler does: each a bounded batch that the entity decides on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import attrs

from ...domain.events import Event, EventType
from ...domain.job.job import Job
from ...domain.job.status import TERMINAL
from ...domain.store_errors import StoreBusy
from ...ports.job_calendar import Agenda
from ...ports.lease_repository import Held
from ...ports.unit_of_work import UnitOfWork
from .changes import moment, remove, write_all

PAGE = 500
"""Rows of one maintenance transaction."""
FORGOTTEN_FOR = timedelta(minutes=10)
"""How long a queue that was obliterated is listed again at once when a job comes. Then every
process makes it known with its next job: it takes a queue for known for a minute (`Adder`)."""

Find = Callable[[datetime, int], list[Job]]
"""The first jobs whose time for something has come, locked."""


@attrs.frozen
class Page:
    """How many jobs a batch takes, and the keys of those that it passes over.

    `found` comes to hold the jobs that it has taken up, also where the batch fails then.
    """

    size: int = PAGE
    passed_over: frozenset[int] = frozenset()
    found: list[Job] | None = None

    def of(self, find: Find, now: datetime) -> list[Job]:
        """The jobs of the page."""
        jobs = find(now, self.size + len(self.passed_over))
        jobs = [job for job in jobs if job.key not in self.passed_over][: self.size]
        if self.found is not None:
            self.found[:] = jobs
        return jobs


WHOLE = Page()


def promote_due(uow: UnitOfWork, page: Page = WHOLE) -> int:
    """Make due jobs ready, in (run_at, sequence) order; how many."""
    due = page.of(uow.calendar.due, uow.now)
    now = moment(uow, len(due))
    write_all(uow, [(job, job.promote(now)) for job in due])
    return len(due)


def expire_leases(uow: UnitOfWork, page: Page = WHOLE) -> int:
    """Take all leases that have run out, whatever their workers may be kept from; how many."""
    return _expire(uow, page.of(uow.calendar.expired, uow.now))


def abandoned(uow: UnitOfWork, longest: timedelta) -> Find:
    """Finds leases up to a length that no living worker can have left alone.

    They have run out, or end where no renewal since the clock was set could have put them.
    """

    def find(now: datetime, limit: int) -> list[Job]:
        found = uow.calendar.expired(now, limit, longest)
        if len(found) < limit:
            found += uow.calendar.beyond(now, limit - len(found), longest)
        return found

    return find


def expire_watched(
    uow: UnitOfWork,
    page: Page = WHOLE,
    *,
    longest: timedelta,
    waited: Callable[[], timedelta] = timedelta,
) -> int:
    """Take abandoned leases, up to a length; how many.

    `waited` tells for how long this unit has been kept waiting by the time it has found them: it
    takes none that workers may have lost while they, too, had to wait. Raises `StoreBusy` where one
    of them was renewed while it was being taken.
    """
    found = page.of(abandoned(uow, longest), uow.now)
    span = waited()
    taken = [job for job in found if job.lease and job.lease.term.bears >= span]
    held = {Held(job.key, job.lease.token) for job in taken if job.lease}
    count = _expire(uow, taken)
    if held and not held.isdisjoint(uow.leases.renewed_beside()):
        raise StoreBusy("", "a worker renewed a lease that was being taken")
    return count


def try_renewing(uow: UnitOfWork) -> None:
    """Write as a renewal writes, and change nothing: it fails or waits where those do."""
    uow.leases.rehearse()


class TakenBack(Exception):
    """All was written, and is rolled back."""


def write_in_vain(uow: UnitOfWork) -> None:
    """Write what the store takes if it takes anything, to a job and an event.

    Raises `TakenBack`, so that nothing comes of it.
    """
    uow.events.append([Event(EventType.WORKER_LOST, uow.now)])
    uow.leases.rehearse()  # Last: it waits for an answer, also to what was sent before.
    raise TakenBack


def _expire(uow: UnitOfWork, expired: list[Job]) -> int:
    lost = sorted({job.lease.worker for job in expired if job.lease is not None})
    now = moment(uow)
    write_all(uow, [(job, job.expire(now)) for job in expired])
    uow.events.append(
        [Event(EventType.WORKER_LOST, uow.now, data={"worker": worker}) for worker in lost]
    )
    return len(expired)


def lapse(uow: UnitOfWork, page: Page = WHOLE) -> int:
    """End jobs whose time to start has passed; how many."""
    lapsed = page.of(uow.calendar.lapsed, uow.now)
    now = moment(uow)
    write_all(uow, [(job, job.lapse(now)) for job in lapsed])
    return len(lapsed)


def purge(uow: UnitOfWork, page: Page = WHOLE, *, latest: datetime | None = None) -> int:
    """Remove settled jobs that are older than they are kept; how many.

    By the store's time, but by no later one than `latest`.
    """
    return _purge(uow, page.of(uow.calendar.purgeable, _at_most(uow.now, latest)))


def trim(uow: UnitOfWork, queue: str) -> int:
    """Remove settled jobs of a queue beyond the count that is kept; how many."""
    removed = 0
    for status in sorted(TERMINAL):
        removed += _purge(uow, uow.calendar.surplus(queue, status, PAGE))
    return removed


def prune_events(uow: UnitOfWork, keep: timedelta, latest: datetime | None = None) -> int:
    """Remove events older than `keep`, and what is left of forgotten queues; how many events.

    By the store's time, but by no later one than `latest`.
    """
    now = _at_most(uow.now, latest)
    uow.queues.prune(now - FORGOTTEN_FOR)
    return uow.events.prune(now - keep, PAGE)


def _at_most(now: datetime, latest: datetime | None) -> datetime:
    return now if latest is None else min(now, latest)


def agenda(uow: UnitOfWork, after: datetime | None = None) -> tuple[datetime, Agenda]:
    """The store's time, and what comes next after a moment."""
    return uow.now, uow.calendar.agenda(after)


def _purge(uow: UnitOfWork, jobs: list[Job]) -> int:
    now = moment(uow)
    remove(uow, [(job, job.purge(now)) for job in jobs])
    return len(jobs)
