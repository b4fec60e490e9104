"""Durations and instants as callers write them, checked and made exact."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ..errors import InvalidOption
from ..moments import EPOCH, MILLISECOND

Duration = timedelta | float | int
"""A timedelta, or seconds."""

_LONGEST: Final = timedelta(days=36_500)


def duration(value: object, field: str, *, positive: bool = False) -> timedelta:
    """`value` as a timedelta of whole milliseconds, rounded up; 0 is 0.

    Refuses with `InvalidOption`: what is no number, NaN, infinity, negative values,
    0 where it must be `positive`, and more than 100 years.
    """
    if isinstance(value, timedelta):
        exact = value
    elif isinstance(value, bool) or not isinstance(value, int | float):
        kind = type(value).__name__
        raise InvalidOption(field, f"must be seconds or a timedelta, not {kind}")
    elif not abs(value) <= _LONGEST.total_seconds():
        raise InvalidOption(field, "must be a finite number of seconds, at most 100 years")
    else:
        exact = timedelta(seconds=value)
    if exact < timedelta(0):
        raise InvalidOption(field, "must not be negative")
    if exact > _LONGEST:
        raise InvalidOption(field, "must be at most 100 years")
    if positive and not exact:
        raise InvalidOption(field, "must be more than 0")
    return whole_milliseconds(exact)


def whole_milliseconds(exact: timedelta) -> timedelta:
    """`exact` rounded up to whole milliseconds, as every store keeps it."""
    return -(-exact // MILLISECOND) * MILLISECOND


def doubling(base: timedelta, times: int, cap: timedelta) -> timedelta:
    """`base`, doubled so many times, but at most `cap`."""
    return min(base * (1 << min(times, 30)), cap)


def instant(value: object, field: str) -> datetime:
    """`value` as an aware UTC datetime of whole milliseconds, rounded up."""
    if not isinstance(value, datetime):
        raise InvalidOption(field, f"must be a datetime, not {type(value).__name__}")
    if value.tzinfo is None or value.utcoffset() is None:
        raise InvalidOption(field, "must be an aware datetime (with a time zone)")
    try:
        return EPOCH + whole_milliseconds(value - EPOCH)
    except OverflowError:
        raise InvalidOption(field, "must lie between the years 1 and 9999") from None
