"""The rows of the tables, for the doctor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import attrs
from sqlalchemy import and_, func, select

from .....core.domain.events import Event, EventType
from .....core.domain.job.identity import JobRef
from .....core.ports.inspection import FoundJob, Inspection
from .....core.ports.lease_repository import Held
from ..claims import kept_leases
from ..jobs.columns import LOADED
from ..schema import Tables
from ..sql_connection import SqlConnection
from ..times import moment
from .row_flaws import found_job

_TYPES: Final = {kind.value: kind for kind in EventType}


@attrs.frozen(eq=False)
class SqlInspection(Inspection):
    """Plain queries by key; none of them relies on an index being right."""

    sql: SqlConnection

    @property
    def _tables(self) -> Tables:
        return self.sql.dialect.tables

    def jobs(self, after: int, limit: int) -> list[FoundJob]:
        jobs = self._tables.jobs
        query = select(*(jobs.c[name] for name in LOADED)).where(jobs.c.key > after)
        rows = self.sql.select(query.order_by(jobs.c.key).limit(limit))
        return [found_job(row) for row in rows]

    def histories(self, first: int, last: int) -> Mapping[JobRef, Sequence[Event]]:
        jobs, events = self._tables.jobs, self._tables.events
        of_job = and_(events.c.job_id == jobs.c.id, events.c.queue == jobs.c.queue)
        query = (
            select(events.c.id, events.c.at, events.c.type, events.c.queue, events.c.job_id)
            .select_from(jobs.join(events, of_job))
            .where(jobs.c.key >= first, jobs.c.key <= last)
            .order_by(events.c.id)
        )
        told: defaultdict[JobRef, list[Event]] = defaultdict(list)
        for id_, at, kind, queue, job_id in self.sql.select(query):
            if kind in _TYPES:
                event = Event(_TYPES[kind], moment(at), queue, job_id, None, id_)
                told[JobRef(queue, job_id)].append(event)
        return told

    def doubled(self, limit: int) -> list[JobRef]:
        jobs = self._tables.jobs
        query = (
            select(jobs.c.queue, jobs.c.id)
            .group_by(jobs.c.queue, jobs.c.id)
            .having(func.count() > 1)
            .limit(limit)
        )
        return [JobRef(queue, id_) for queue, id_ in self.sql.select(query)]

    def orphaned_logs(self, limit: int) -> list[int]:
        jobs, logs = self._tables.jobs, self._tables.logs
        query = (
            select(logs.c.job_key)
            .distinct()
            .select_from(logs.outerjoin(jobs, jobs.c.key == logs.c.job_key))
            .where(jobs.c.key.is_(None))
            .limit(limit)
        )
        return [row[0] for row in self.sql.select(query)]

    def kept_leases(self) -> Mapping[Held, datetime]:
        return kept_leases.kept(self.sql)

    def unreadable_leases(self) -> list[str]:
        return kept_leases.unreadable(self.sql)

    def unknown_events(self, limit: int) -> list[tuple[int, str]]:
        events = self._tables.events
        query = select(events.c.id, events.c.type).where(events.c.type.not_in(sorted(_TYPES)))
        return [(row[0], row[1]) for row in self.sql.select(query.limit(limit))]
