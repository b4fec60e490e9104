"""Rows as they are, sound or not: what an invariant checker reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import attrs

from ..domain.events import Event
from ..domain.job.flaw import Flaw
from ..domain.job.identity import JobRef
from ..domain.job.job import Job
from .lease_repository import Held


@attrs.frozen(eq=False)
class FoundJob:
    """A stored job; `job` is None where it cannot be read in full, `flaws` say why."""

    key: int
    ref: JobRef
    job: Job | None
    flaws: tuple[Flaw, ...] = ()


class Inspection(Protocol):
    """Reads what the other repositories take on trust. Locks nothing; every list is bounded."""

    def jobs(self, after: int, limit: int) -> list[FoundJob]:
        """The next `limit` jobs by key, readable or not."""
        ...

    def histories(self, first: int, last: int) -> Mapping[JobRef, Sequence[Event]]:
        """The events, without details, of the jobs with these keys and those between."""
        ...

    def doubled(self, limit: int) -> list[JobRef]:
        """(queue, id) pairs that more than one job has."""
        ...

    def orphaned_logs(self, limit: int) -> list[int]:
        """Keys that have log lines but no job."""
        ...

    def kept_leases(self) -> Mapping[Held, datetime]:
        """Until when leases were prolonged beside jobs that somebody had locked; also past ones."""
        ...

    def unreadable_leases(self) -> list[str]:
        """What cannot be read among these."""
        ...

    def unknown_events(self, limit: int) -> list[tuple[int, str]]:
        """Ids and types of events that this version does not know."""
        ...
