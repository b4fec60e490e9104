"""What the numbers of errors mean, see "Server Error Message Reference" of MySQL and MariaDB."""

from __future__ import annotations

from typing import Final

from .....core.domain.errors import (
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)

PASSING: Final = frozenset(
    {
        1020,  # the row has changed since the snapshot (MariaDB's innodb_snapshot_isolation)
        1040,  # too many connections
        1047,  # the node of a cluster is not ready
        1203,  # too many connections of this user
        1205,  # a lock was not to be had in time
        1213,  # deadlock
        3101,  # another member of the group was first
        3572,  # a lock was not to be had at once
    }
)
LOST: Final = frozenset(
    {
        1053,  # the server is going down
        1077,
        1079,
        1152,  # the connection was aborted
        1158,  # communication errors
        1159,
        1160,
        1161,
        1184,
        1927,  # the connection was killed
        2000,
        2006,  # the server has gone away
        2013,  # lost during a query
        2014,  # commands out of sync
        2027,  # malformed packet
        2055,
        3169,  # the session was killed
        4031,  # idle for too long
    }
)
KINDS: Final[dict[int, type[StoreError]]] = {
    **dict.fromkeys((1142, 1143, 1227, 1290, 1792, 1836), StoreReadOnly),
    **dict.fromkeys((1021, 1026, 1114), StoreFull),
    **dict.fromkeys((1205, 1213, 1969, 3024, 3572), StoreBusy),
    **dict.fromkeys((1034, 1194, 1195, 1712), StoreCorrupt),
    **dict.fromkeys((1040, 1044, 1045, 1047, 1049, 1129, 1130, 1203, 1226), StoreUnavailable),
    **dict.fromkeys((1251, 1524, 1698, 2002, 2003, 2005, 2026, 2059), StoreUnavailable),
    **dict.fromkeys(LOST, StoreUnavailable),
}
_NO_SPACE: Final = ("Errcode: 28", "error 28", "No space left")


def kind_of(number: int, told: str) -> type[StoreError]:
    """The error of this library for a number and its message."""
    if any(words in told for words in _NO_SPACE):
        return StoreFull
    return KINDS.get(number, StoreError)
