"""Moments as whole milliseconds since 1970, and back, in integers.

A float of seconds has room for microseconds until the year 2242; later ones come back wrong.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
ROUNDING: Final = EPOCH - timedelta(microseconds=500)
"""Whole milliseconds since this moment are those since the epoch, to the nearer one."""


def moment(milliseconds: int) -> datetime:
    """The moment so many milliseconds after the epoch. Raises `OverflowError` beyond year 9999."""
    return EPOCH + MILLISECOND * milliseconds


def milliseconds(at: datetime) -> int:
    """Milliseconds since the epoch; what lies between two goes to the nearer one."""
    return (at - ROUNDING) // MILLISECOND
