"""Everything in memory, as values."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import attrs

from ....core.domain.events import Event
from ....core.domain.store_errors import StoreError
from ....core.ports.archive import Archive, ArchivedJob, Contents, CopyState, Counters
from .queue_repository import MemoryQueueRepository
from .tables import Log, MemoryTables

URL = "memory://"


@attrs.frozen(eq=False)
class MemoryArchive(Archive):
    """The tables, page by page."""

    tables: MemoryTables

    def store_id(self) -> str:
        return self.tables.store_id

    def counters(self) -> Counters:
        events = self.tables.events
        return Counters(self.tables.last_sequence, events[-1].id if events else 0)

    def contents(self) -> Contents:
        tables = self.tables
        queues = MemoryQueueRepository(tables).all()
        return Contents(len(tables.jobs), len(tables.events), len(queues))

    def jobs(self, after: int, limit: int) -> list[ArchivedJob]:
        keys = sorted(key for key in self.tables.jobs if key > after)[:limit]
        logs = self.tables.logs
        return [
            ArchivedJob(self.tables.jobs[key].copy(), logs.get(key, Log()).lines) for key in keys
        ]

    def events(self, after: int, limit: int) -> list[Event]:
        start = bisect_right(self.tables.events, after, key=lambda event: event.id)
        return self.tables.events[start : start + limit]

    def insert_jobs(self, jobs: Sequence[ArchivedJob]) -> None:
        for archived in jobs:
            job = archived.job
            if job.key in self.tables.jobs or job.ref in self.tables.keys:
                raise StoreError(URL, f"the key or the id of job {job.ref} is taken")
            self.tables.put(job.copy())
            if archived.lines:
                self.tables.put_log(job.key, Log(archived.lines))

    def insert_events(self, events: Sequence[Event]) -> None:
        """Those of a copy come in order, into a log that has none behind them."""
        newest = self.counters().event
        for event in events:
            if event.id <= newest:
                raise StoreError(URL, f"event {event.id} is taken")
        if events:
            self.tables.put_events(events)

    def raise_counters(self, counters: Counters) -> None:
        self.tables.count_on(counters.sequence, counters.event)

    def clear(self) -> None:
        tables = self.tables
        for key in list(tables.jobs):
            tables.delete(key)
        for name in list(tables.queues):
            tables.put_queue(name, None)
        tables.cut_events(len(tables.events))

    def copy_state(self) -> CopyState | None:
        return self.tables.copy_state

    def save_copy_state(self, before: CopyState | None, after: CopyState) -> bool:
        if self.tables.copy_state != before:
            return False
        self.tables.put_copy_state(after)
        return True
