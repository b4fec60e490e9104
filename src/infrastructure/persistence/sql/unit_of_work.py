"""One transaction over SQL."""

from __future__ import annotations

from datetime import datetime

from ....core.ports.unit_of_work import UnitOfWork
from .archive.repository import SqlArchive
from .calendar.repository import SqlJobCalendar
from .claims.journal import SqlRunJournal
from .claims.repository import SqlLeaseRepository
from .events.repository import SqlEventLog
from .inspection.repository import SqlInspection
from .jobs.catalog import SqlJobCatalog
from .jobs.repository import SqlJobRepository
from .logs.repository import SqlJobLogs
from .queues.repository import SqlQueueRepository
from .sql_connection import SqlConnection


class SqlUnitOfWork(UnitOfWork):
    """The repositories over one session."""

    def __init__(self, sql: SqlConnection, now: datetime) -> None:
        self.sql = sql
        self.time = now
        self.log = SqlEventLog(sql, now)

    @property
    def now(self) -> datetime:
        return self.time

    @property
    def jobs(self) -> SqlJobRepository:
        return SqlJobRepository(self.sql, self.log)

    @property
    def leases(self) -> SqlLeaseRepository:
        return SqlLeaseRepository(self.sql, self.time)

    @property
    def journal(self) -> SqlRunJournal:
        return SqlRunJournal(self.sql, self.time)

    @property
    def calendar(self) -> SqlJobCalendar:
        return SqlJobCalendar(self.sql)

    @property
    def catalog(self) -> SqlJobCatalog:
        return SqlJobCatalog(self.sql, self.time)

    @property
    def logs(self) -> SqlJobLogs:
        return SqlJobLogs(self.sql)

    @property
    def queues(self) -> SqlQueueRepository:
        return SqlQueueRepository(self.sql)

    @property
    def events(self) -> SqlEventLog:
        return self.log

    @property
    def inspection(self) -> SqlInspection:
        return SqlInspection(self.sql)

    @property
    def archive(self) -> SqlArchive:
        return SqlArchive(self.sql)
