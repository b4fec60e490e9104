"""One transaction over SQL."""

from __future__ import annotations

from datetime import datetime

from ....core.ports.unit_of_work import UnitOfWork
from .archive import SqlArchive
from .event_log import SqlEventLog
from .inspection import SqlInspection
from .job_calendar import SqlJobCalendar
from .job_catalog import SqlJobCatalog
from .job_logs import SqlJobLogs
from .job_repository import SqlJobRepository
from .lease_repository import SqlLeaseRepository
from .queue_repository import SqlQueueRepository
from .session import Session


class SqlUnitOfWork(UnitOfWork):
    """The repositories over one session."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session = session
        self.time = now
        self.log = SqlEventLog(session, now)

    @property
    def now(self) -> datetime:
        """See the port."""
        return self.time

    @property
    def jobs(self) -> SqlJobRepository:
        """See the port."""
        return SqlJobRepository(self.session, self.log)

    @property
    def leases(self) -> SqlLeaseRepository:
        """See the port."""
        return SqlLeaseRepository(self.session, self.time)

    @property
    def calendar(self) -> SqlJobCalendar:
        """See the port."""
        return SqlJobCalendar(self.session)

    @property
    def catalog(self) -> SqlJobCatalog:
        """See the port."""
        return SqlJobCatalog(self.session, self.time)

    @property
    def logs(self) -> SqlJobLogs:
        """See the port."""
        return SqlJobLogs(self.session, self.time)

    @property
    def queues(self) -> SqlQueueRepository:
        """See the port."""
        return SqlQueueRepository(self.session)

    @property
    def events(self) -> SqlEventLog:
        """See the port."""
        return self.log

    @property
    def inspection(self) -> SqlInspection:
        """See the port."""
        return SqlInspection(self.session)

    @property
    def archive(self) -> SqlArchive:
        """See the port."""
        return SqlArchive(self.session)
