"""How long a settled job is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from ..errors import InvalidOption
from .durations import duration


@attrs.frozen
class Keep:
    """Keep settled jobs: the newest `count` of their status, and none older than `age`.

    None means without that bound. The count of the job that ended last holds for its
    whole queue and status.
    """

    count: int | None = None
    age: timedelta | None = None

    def purge_at(self, finished_at: datetime) -> datetime | None:
        """When a job that finished then may be removed for its age; None for never."""
        return None if self.age is None else finished_at + self.age


FOREVER = Keep()
NOTHING = Keep(age=timedelta(0))


def checked_keep(value: object, field: str) -> Keep:
    """A `Keep` from True (for ever), False (not at all), a count, an age or itself."""
    match value:
        case bool():
            return FOREVER if value else NOTHING
        case int():
            return Keep(count=_count(value, field))
        case timedelta():
            return Keep(age=duration(value, field))
        case Keep(count, age):
            return Keep(
                None if count is None else _count(count, field),
                None if age is None else duration(age, field),
            )
        case _:
            kind = type(value).__name__
            raise InvalidOption(field, f"must be a bool, a count, a timedelta or Keep, not {kind}")


def _count(value: object, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise InvalidOption(field, "count must be an integer of at least 0, below 2**31")
    return value
