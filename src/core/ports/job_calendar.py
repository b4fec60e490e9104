"""Jobs by time: what the scheduler has to look at next."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ..domain.job.job import Job
from ..domain.job.status import JobStatus


class JobCalendar(Protocol):
    """Jobs whose time has come; each list is locked, bounded and oldest first."""

    def due(self, now: datetime, limit: int) -> list[Job]:
        """Delayed jobs with `run_at` <= now, in (run_at, sequence) order."""
        ...

    def expired(self, now: datetime, limit: int) -> list[Job]:
        """Active jobs whose lease ended at or before now."""
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

    def next_due(self) -> datetime | None:
        """The earliest moment at which one of these lists but `surplus` has something.

        One beyond the calendar is its first or its last.
        """
        ...
