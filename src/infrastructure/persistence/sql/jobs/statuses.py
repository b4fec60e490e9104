"""The statuses of jobs as SQL spells them."""

from __future__ import annotations

from typing import Final

from .....core.domain.job.status import TERMINAL, UNSTARTED, JobStatus


def literal_of(status: JobStatus) -> str:
    """A status as SQL spells it."""
    return f"'{status.value}'"


WAITING: Final = literal_of(JobStatus.WAITING)
"""SQL literals: a partial index serves a query only where both spell the same constant."""
DELAYED: Final = literal_of(JobStatus.DELAYED)
ACTIVE: Final = literal_of(JobStatus.ACTIVE)
BLOCKED: Final = literal_of(JobStatus.WAITING_CHILDREN)
OPEN: Final = tuple(status for status in JobStatus if status not in TERMINAL)
TERMINAL_LIST: Final = ", ".join(literal_of(status) for status in sorted(TERMINAL))
UNSTARTED_LIST: Final = ", ".join(literal_of(status) for status in sorted(UNSTARTED))
