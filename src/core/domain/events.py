"""What happened: facts written in the transaction that made them true."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import attrs

from .beside import BESIDE
from .job.identity import JobRef


class EventType(StrEnum):
    """The kinds of events; each value is also its spelling in JSON.

    An add gives `added` (and `delayed`), a claim `active`, a success `completed`; a
    failed try `failed`, then `delayed`, `waiting` or `exhausted`. `waiting` is told
    only on re-entry.
    """

    ADDED = "added"
    DUPLICATED = "duplicated"
    WAITING = "waiting"
    DELAYED = "delayed"
    ACTIVE = "active"
    PROGRESS = "progress"
    LOG = "log"
    COMPLETED = "completed"
    FAILED = "failed"
    EXHAUSTED = "exhausted"
    RELEASED = "released"
    STALLED = "stalled"
    UNHANDLED = "unhandled"
    UNREADABLE = "unreadable"
    CANCEL_REQUESTED = "cancel_requested"
    CANCELLED = "cancelled"
    RETRIED = "retried"
    UPDATED = "updated"
    REMOVED = "removed"
    LEASE_LOST = "lease_lost"
    AWAITING_CHILDREN = "awaiting_children"
    DRAINED = "drained"
    PAUSED = "paused"
    RESUMED = "resumed"
    CLEANED = "cleaned"
    WORKER_STARTED = "worker_started"
    WORKER_STOPPED = "worker_stopped"
    WORKER_LOST = "worker_lost"


@attrs.frozen
class Event:
    """One fact about a job, a queue or a worker.

    `queue` and `job_id` are None where it concerns none. `data` is a small JSON object
    with the details. `id` is its place in the log, 0 until it is stored. `is_late` where it came
    to light only after a reader had gone on without it, and is told after later ones.
    """

    type: EventType
    at: datetime
    queue: str | None = None
    job_id: str | None = None
    data: Mapping[str, Any] | None = None
    id: int = 0
    is_late: bool = attrs.field(default=False, metadata={BESIDE: True})

    @property
    def ref(self) -> JobRef | None:
        """The job it is about, if it is about one."""
        if self.queue is None or self.job_id is None:
            return None
        return JobRef(self.queue, self.job_id)


@attrs.frozen
class Hint:
    """That something of this type was just committed in this queue; may be lost or doubled."""

    queue: str | None
    type: EventType


MAKES_CLAIMABLE: Final = frozenset(
    {EventType.ADDED, EventType.WAITING, EventType.RESUMED, EventType.UPDATED}
)
"""After one of these a worker may find a job."""

ENDS: Final = frozenset(
    {EventType.COMPLETED, EventType.EXHAUSTED, EventType.CANCELLED, EventType.REMOVED}
)
"""After one of these a job is settled for good, or gone."""
