"""One transaction, as a use case sees it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from .archive import Archive
from .event_log import EventLog
from .inspection import Inspection
from .job_calendar import JobCalendar
from .job_catalog import JobCatalog
from .job_logs import JobLogs
from .job_repository import JobRepository
from .lease_repository import LeaseRepository
from .queue_repository import QueueRepository
from .run_journal import RunJournal


class UnitOfWork(Protocol):
    """The repositories of one transaction, and its time.

    All methods are plain and synchronous. `now` is the store's clock in UTC, read once
    for each run of the unit, in whole milliseconds.
    """

    @property
    def now(self) -> datetime:
        """The time of this unit."""
        ...

    @property
    def jobs(self) -> JobRepository:
        """Jobs as entities."""
        ...

    @property
    def leases(self) -> LeaseRepository:
        """Claims and leases."""
        ...

    @property
    def journal(self) -> RunJournal:
        """What runs write about themselves."""
        ...

    @property
    def calendar(self) -> JobCalendar:
        """Jobs by time."""
        ...

    @property
    def catalog(self) -> JobCatalog:
        """Jobs for people."""
        ...

    @property
    def logs(self) -> JobLogs:
        """Log lines."""
        ...

    @property
    def queues(self) -> QueueRepository:
        """The named queues."""
        ...

    @property
    def events(self) -> EventLog:
        """What happened."""
        ...

    @property
    def inspection(self) -> Inspection:
        """Rows as they are, sound or not."""
        ...

    @property
    def archive(self) -> Archive:
        """Everything there is, as values."""
        ...
