"""Jobs by time, in SQL."""

from __future__ import annotations

from datetime import datetime

import attrs

from ....core.domain.job.job import Job
from ....core.domain.job.status import JobStatus
from ....core.ports.job_calendar import JobCalendar
from .damaged_rows import read_job
from .mapping import nearest_moment, to_ms
from .session import Session
from .statement import Statement
from .statements import Statements


@attrs.frozen(eq=False)
class SqlJobCalendar(JobCalendar):
    """Each list is the head of an index of its own."""

    session: Session

    @property
    def _says(self) -> Statements:
        return self.session.grammar.statements

    def due(self, now: datetime, limit: int) -> list[Job]:
        """See the port."""
        return self._first(self._says.due, now, limit)

    def expired(self, now: datetime, limit: int) -> list[Job]:
        """See the port."""
        return self._first(self._says.expired, now, limit)

    def lapsed(self, now: datetime, limit: int) -> list[Job]:
        """See the port."""
        return self._first(self._says.lapsed, now, limit)

    def purgeable(self, now: datetime, limit: int) -> list[Job]:
        """See the port."""
        return self._first(self._says.purgeable, now, limit)

    def surplus(self, queue: str, status: JobStatus, limit: int) -> list[Job]:
        """See the port."""
        says = self._says
        newest = self.session.rows(says.newest_settled, (queue, status.value))
        keep = read_job(newest[0]).keep.count if newest else None
        if keep is None:
            return []
        rows = self.session.rows(says.surplus, (queue, status.value, limit, keep))
        return [read_job(row) for row in reversed(rows)]

    def next_due(self) -> datetime | None:
        """See the port. No moment is too far away, and what is none counts for nothing."""
        found = [self.session.rows(statement)[0][0] for statement in self._says.next]
        at = min((at for at in found if isinstance(at, int)), default=None)
        return None if at is None else nearest_moment(at)

    def _first(self, statement: Statement, now: datetime, limit: int) -> list[Job]:
        return [read_job(row) for row in self.session.rows(statement, (to_ms(now), limit))]
