"""Priority: higher is more urgent."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from ..errors import InvalidOption

LOWEST: Final = -(2**31)
HIGHEST: Final = 2**31 - 1


class Priority(IntEnum):
    """Named levels; any 32-bit integer is a priority too."""

    LOW = -10
    NORMAL = 0
    HIGH = 10
    URGENT = 20


def checked_priority(value: object) -> int:
    """`value` as an int if it is a priority, else `InvalidOption`.

    A level's name ("urgent", in any case) is accepted for configuration files
    and command lines.
    """
    if isinstance(value, str):
        try:
            return Priority[value.upper()].value
        except KeyError:
            names = ", ".join(level.name.lower() for level in Priority)
            raise InvalidOption("priority", f"must be an integer or one of {names}") from None
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidOption("priority", f"must be an integer, not {type(value).__name__}")
    if not LOWEST <= value <= HIGHEST:
        raise InvalidOption("priority", "must be a 32-bit integer")
    return int(value)
