"""Times as the columns hold them: milliseconds since the epoch, and milliseconds.

Written out where a job needs many of them: a call costs as much as the arithmetic.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ....core.domain.moments import EPOCH, MILLISECOND, ROUNDING

LAST_MS: Final = 253_370_764_800_000
"""The beginning of the year 9999: a year's room for whoever adds a span to it."""


def to_ms(at: datetime | None) -> int | None:
    """Milliseconds since the epoch."""
    return None if at is None else (at - ROUNDING) // MILLISECOND


def ms(at: datetime) -> int:
    """Milliseconds since the epoch of a moment that there is."""
    return (at - ROUNDING) // MILLISECOND


def moment(value: int) -> datetime:
    """The moment so many milliseconds after the epoch."""
    return EPOCH + MILLISECOND * value


def nearest_moment(value: int) -> datetime:
    """The moment so many milliseconds after the epoch, or the first or last that there is."""
    return moment(min(max(value, 0), LAST_MS))


def from_ms(value: int | None) -> datetime | None:
    """`moment`, or None for none."""
    return None if value is None else EPOCH + MILLISECOND * value


def whole_ms(span: timedelta) -> int:
    """The whole milliseconds of a span."""
    return span // MILLISECOND


def span(value: timedelta | None) -> int | None:
    """`whole_ms`, or None for none."""
    return None if value is None else value // MILLISECOND


def span_of(value: int) -> timedelta:
    """The span of so many milliseconds."""
    return MILLISECOND * value


def unspan(value: int | None) -> timedelta | None:
    """`span_of`, or None for none."""
    return None if value is None else span_of(value)
