"""One unit over the tables in memory."""

from __future__ import annotations

from datetime import datetime

from ....core.ports.unit_of_work import UnitOfWork
from .archive import MemoryArchive
from .event_log import MemoryEventLog
from .inspection import MemoryInspection
from .job_calendar import MemoryJobCalendar
from .job_catalog import MemoryJobCatalog
from .job_logs import MemoryJobLogs
from .job_repository import MemoryJobRepository
from .lease_repository import MemoryLeaseRepository
from .queue_repository import MemoryQueueRepository
from .run_journal import MemoryRunJournal
from .tables import MemoryTables


class MemoryUnitOfWork(UnitOfWork):
    """The repositories over the tables."""

    def __init__(self, tables: MemoryTables, now: datetime) -> None:
        self.tables = tables
        self.time = now
        self.log = MemoryEventLog(tables)

    @property
    def now(self) -> datetime:
        return self.time

    @property
    def jobs(self) -> MemoryJobRepository:
        return MemoryJobRepository(self.tables, self.log)

    @property
    def leases(self) -> MemoryLeaseRepository:
        return MemoryLeaseRepository(self.tables, self.time)

    @property
    def journal(self) -> MemoryRunJournal:
        return MemoryRunJournal(self.tables, self.time)

    @property
    def calendar(self) -> MemoryJobCalendar:
        return MemoryJobCalendar(self.tables)

    @property
    def catalog(self) -> MemoryJobCatalog:
        return MemoryJobCatalog(self.tables, self.time)

    @property
    def logs(self) -> MemoryJobLogs:
        return MemoryJobLogs(self.tables)

    @property
    def queues(self) -> MemoryQueueRepository:
        return MemoryQueueRepository(self.tables)

    @property
    def events(self) -> MemoryEventLog:
        return self.log

    @property
    def inspection(self) -> MemoryInspection:
        return MemoryInspection(self.tables)

    @property
    def archive(self) -> MemoryArchive:
        return MemoryArchive(self.tables)
