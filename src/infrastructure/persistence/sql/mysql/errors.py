"""What the numbers of errors mean, see "Server Error Message Reference" of MySQL and MariaDB."""

from __future__ import annotations

from typing import Final

from .....core.domain.store_errors import (
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreGaveUp,
    StoreReadOnly,
    StoreRefused,
    StoreUnavailable,
    StoreUnusable,
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
OF_VALUES: Final = frozenset(
    {
        1048,  # NULL where there must be a value
        1062,  # there already
        1118,  # too large for a row
        1153,  # too long for a packet
        1162,
        1264,  # a number out of range
        1265,
        1292,  # no value of this type
        1301,  # too long for a function
        1364,  # no value
        1366,  # a character that the column cannot hold
        1406,  # too long for the column
        1451,  # a foreign key
        1452,
        1644,  # a trigger said so
        1690,  # a number out of range
        3140,  # no JSON
        3157,  # JSON too deep
        3819,  # a constraint
        3854,  # a character that cannot be converted
        3988,
        4025,  # a constraint (MariaDB)
        4038,  # no JSON (MariaDB)
        4040,  # JSON too deep (MariaDB)
    }
)
"""Another value would have been taken."""
GIVEN_UP: Final = frozenset(
    {
        1037,  # out of memory
        1038,
        1041,
        1206,  # more locks than there is room for
        1317,  # KILL QUERY
        1969,  # beyond max_statement_time (MariaDB)
        3024,  # beyond max_execution_time (MySQL)
    }
)
"""The server broke the statement off."""
OF_THE_DATABASE: Final = frozenset(
    {
        1044,  # no access to the database
        1045,  # no access with this password
        1049,  # no such database
        1051,  # no such table
        1054,  # no such column
        1109,
        1142,  # no right on the table
        1143,  # no right on the column
        1146,  # no such table
        1227,  # no such right
        1370,
        1449,  # whoever defined a view or trigger is gone
        1698,  # no access
        1820,  # the password has to be changed
        1862,  # the password has expired
        1932,  # the table's file is gone
        3118,  # the account is locked
        4091,  # no such sequence (MariaDB)
        4151,  # the account is locked (MariaDB)
    }
)
"""Whoever asks gets the same answer until somebody has mended the database."""
KINDS: Final[dict[int, type[StoreError]]] = {
    **dict.fromkeys(OF_VALUES, StoreRefused),
    **dict.fromkeys(OF_THE_DATABASE, StoreUnusable),
    **dict.fromkeys((1290, 1792, 1836), StoreReadOnly),
    **dict.fromkeys((1021, 1026, 1114), StoreFull),
    **dict.fromkeys((1205, 1213, 3572), StoreBusy),
    **dict.fromkeys(GIVEN_UP, StoreGaveUp),
    **dict.fromkeys((1034, 1194, 1195, 1712), StoreCorrupt),
    **dict.fromkeys((1040, 1047, 1129, 1130, 1203, 1226), StoreUnavailable),
    **dict.fromkeys((1251, 1524, 2002, 2003, 2005, 2026, 2059), StoreUnavailable),
    **dict.fromkeys(LOST, StoreUnavailable),
}
_NO_SPACE: Final = ("Errcode: 28", "error 28", "No space left")


def kind_of(number: int, told: str) -> type[StoreError]:
    """The error of this library for a number and its message."""
    if any(words in told for words in _NO_SPACE):
        return StoreFull
    return KINDS.get(number, StoreError)
