"""The rows in memory, for the doctor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice

import attrs

from ....core.domain.events import Event
from ....core.domain.job.identity import JobRef
from ....core.ports.inspection import FoundJob, Inspection
from ....core.ports.lease_repository import Held
from .tables import MemoryTables


@attrs.frozen(eq=False)
class MemoryInspection(Inspection):
    """Objects cannot be unreadable, and their tables have every part."""

    tables: MemoryTables

    def jobs(self, after: int, limit: int) -> list[FoundJob]:
        keys = sorted(key for key in self.tables.jobs if key > after)[:limit]
        jobs = [self.tables.jobs[key] for key in keys]
        return [FoundJob(job.key, job.ref, job.copy()) for job in jobs]

    def histories(self, first: int, last: int) -> Mapping[JobRef, Sequence[Event]]:
        wanted = {job.ref for key, job in self.tables.jobs.items() if first <= key <= last}
        told: defaultdict[JobRef, list[Event]] = defaultdict(list)
        for event in self.tables.events:
            if event.queue is not None and event.job_id is not None:
                ref = JobRef(event.queue, event.job_id)
                if ref in wanted:
                    told[ref].append(event)
        return told

    def doubled(self, limit: int) -> list[JobRef]:
        refs = {job.ref: key for key, job in self.tables.jobs.items()}
        lost = (job.ref for key, job in self.tables.jobs.items() if refs[job.ref] != key)
        return list(islice(lost, limit))

    def orphaned_logs(self, limit: int) -> list[int]:
        return sorted(set(self.tables.logs) - set(self.tables.jobs))[:limit]

    def kept_leases(self) -> Mapping[Held, datetime]:
        """Nobody locks a job in memory."""
        return {}

    def unreadable_leases(self) -> list[str]:
        return []

    def unknown_events(self, limit: int) -> list[tuple[int, str]]:
        return []
