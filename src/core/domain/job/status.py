"""The seven statuses of a job."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class JobStatus(StrEnum):
    """Where a job stands in its life; each value is also its spelling in JSON."""

    WAITING = "waiting"
    """Ready to be claimed."""
    DELAYED = "delayed"
    """Ready at its `run_at`: a first delay, a retry's backoff, a snooze."""
    WAITING_CHILDREN = "waiting_children"
    """Blocked until its children or dependencies are settled."""
    ACTIVE = "active"
    """Claimed by a worker, under a lease."""
    COMPLETED = "completed"
    """Ended with a result."""
    FAILED = "failed"
    """Ended without one: out of attempts, of crashes or of time."""
    CANCELLED = "cancelled"
    """Ended because somebody said so."""

    @property
    def is_terminal(self) -> bool:
        """Whether only an explicit retry leads out of this status."""
        return self in TERMINAL


TERMINAL: Final = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})
CLAIMABLE: Final = JobStatus.WAITING
UNSTARTED: Final = frozenset({JobStatus.WAITING, JobStatus.DELAYED, JobStatus.WAITING_CHILDREN})
