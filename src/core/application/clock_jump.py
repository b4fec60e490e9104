"""Notices that the wall clock was moved."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ..domain.job import defaults

JUMP: Final = defaults.RENEWAL.total_seconds()
SUSPENDED: Final = defaults.LEASE.total_seconds()


class ClockJump:
    """Compares the store's clock with a monotonic one.

    Leases are written in the store's time. Where that moved by more than a renewal
    interval against monotonic time, living workers would seem to have stopped renewing;
    so no lease is taken for the length of one lease, in which they renew in the new time.
    """

    def __init__(self) -> None:
        self._offset: float | None = None
        self._until = float("-inf")

    def allows_expiry(self, now: datetime, monotonic: float) -> bool:
        """Whether expired leases may be taken now."""
        offset = now.timestamp() - monotonic
        before, self._offset = self._offset, offset
        if before is not None and abs(offset - before) > JUMP:
            self._until = monotonic + SUSPENDED
        return monotonic >= self._until
