"""Jobs by time: what the scheduler has to look at next."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

import attrs

from ..domain.job.job import Job
from ..domain.job.lease import Term
from ..domain.job.status import JobStatus


@attrs.frozen
class Agenda:
    """What comes next, by kind; None where there is nothing of a kind.

    The earliest moments at which a delayed job is due, one lapses, and a settled one is old
    enough to be removed; a moment beyond the calendar is its first or its last. Of the leases
    of all active jobs the one that ends first and the one that ends last.
    """

    due: datetime | None
    lapse: datetime | None
    purge: datetime | None
    first_lease: Term | None
    last_lease: Term | None


class JobCalendar(Protocol):
    """Jobs whose time has come; each list is locked, bounded and oldest first.

    The jobs are bare, as `JobRepository.find` says: what they carry may be large.
    """

    def due(self, now: datetime, limit: int) -> list[Job]:
        """Delayed jobs with `run_at` <= now, in (run_at, sequence) order."""
        ...

    def expired(self, now: datetime, limit: int, longest: timedelta | None = None) -> list[Job]:
        """Active jobs whose lease has run out, and is no longer than `longest` if that is given.

        A lease that was prolonged while its job was locked runs out later; so for `beyond`.
        """
        ...

    def beyond(self, now: datetime, limit: int, longest: timedelta) -> list[Job]:
        """Active jobs whose lease `is_beyond` now and no longer than `longest`, the last first."""
        ...

    def lapsed(self, now: datetime, limit: int) -> list[Job]:
        """Jobs that are neither active nor settled with `lapses_at` <= now."""
        ...

    def purgeable(self, now: datetime, limit: int) -> list[Job]:
        """Settled jobs with `purge_at` <= now."""
        ...

    def surplus(self, queue: str, status: JobStatus, limit: int) -> list[Job]:
        """Settled jobs beyond the count that the one settled last in this status keeps.

        The batch begins where what is kept ends.
        """
        ...

    def agenda(self, after: datetime | None = None) -> Agenda:
        """What comes next; of moments only those after `after`, if that is given."""
        ...
