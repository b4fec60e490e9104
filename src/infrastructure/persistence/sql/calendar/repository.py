"""Jobs by time, in SQL."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import attrs

from .....core.domain.job.job import Job
from .....core.domain.job.lease import CLOCK_TOLERANCE, Term
from .....core.domain.job.status import JobStatus
from .....core.ports.job_calendar import Agenda, JobCalendar
from ..claims.kept_leases import unkept
from ..jobs.columns import lease_length
from ..jobs.damaged_rows import read_job
from ..jobs.rows import UNREADABLE
from ..sql_connection import SqlConnection
from ..statement import Statement
from ..times import ms, nearest_moment, whole_ms
from .statements import CalendarStatements

_ANY_LENGTH: Final = 2**62
_LONG_AGO: Final = -(2**62)


@attrs.frozen(eq=False)
class SqlJobCalendar(JobCalendar):
    """Each list is the head of an index of its own."""

    sql: SqlConnection

    @property
    def _statements(self) -> CalendarStatements:
        return self.sql.dialect.statements.calendar

    def due(self, now: datetime, limit: int) -> list[Job]:
        return self._first(self._statements.due, now, limit)

    def expired(self, now: datetime, limit: int, longest: timedelta | None = None) -> list[Job]:
        bound = _ANY_LENGTH if longest is None else whole_ms(longest)

        def find(most: int) -> list[Job]:
            rows = self.sql.rows(self._statements.expired, (ms(now), bound, most))
            return [read_job(row) for row in rows]

        return unkept(self.sql, find, now, limit)

    def beyond(self, now: datetime, limit: int, longest: timedelta) -> list[Job]:

        def find(most: int) -> list[Job]:
            values = (ms(now + CLOCK_TOLERANCE), whole_ms(longest), most)
            return [read_job(row) for row in self.sql.rows(self._statements.beyond, values)]

        return unkept(self.sql, find, now, limit)

    def lapsed(self, now: datetime, limit: int) -> list[Job]:
        return self._first(self._statements.lapsed, now, limit)

    def purgeable(self, now: datetime, limit: int) -> list[Job]:
        return self._first(self._statements.purgeable, now, limit)

    def surplus(self, queue: str, status: JobStatus, limit: int) -> list[Job]:
        statements = self._statements
        newest = self.sql.rows(statements.newest_settled, (queue, status.value))
        keep = read_job(newest[0]).keep.count if newest else None
        if keep is None:
            return []
        rows = self.sql.rows(statements.surplus, (queue, status.value, limit, keep))
        return [read_job(row) for row in reversed(rows)]

    def agenda(self, after: datetime | None = None) -> Agenda:
        """What is no moment counts for nothing."""
        since = (_LONG_AGO if after is None else ms(after),)
        found = (self.sql.rows(statement, since)[0][0] for statement in self._statements.next)
        due, lapse, purge = (nearest_moment(at) if isinstance(at, int) else None for at in found)
        first = self._lease(self._statements.first_lease)
        last = None if first is None else self._lease(self._statements.last_lease)
        return Agenda(due, lapse, purge, first, last)

    def _lease(self, statement: Statement) -> Term | None:
        for ends, length in self.sql.rows(statement):
            with suppress(*UNREADABLE):
                return Term(nearest_moment(ends), lease_length(length))
        return None

    def _first(self, statement: Statement, now: datetime, limit: int) -> list[Job]:
        return [read_job(row) for row in self.sql.rows(statement, (ms(now), limit))]
