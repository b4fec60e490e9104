"""What the SQLSTATE of an error means, see "PostgreSQL Error Codes" in its manual."""

from __future__ import annotations

import re
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

PASSING: Final = frozenset({"40001", "40P01", "55P03", "53300"})
"""serialization_failure, deadlock_detected, lock_not_available, too_many_connections"""
LOST: Final = frozenset({"57P01", "57P02", "57P03", "57P05"})
"""The server is going down, crashed, starts up; it ended an idle session."""
ENDED: Final = "25P03"
"""The server ended a transaction that was idle for too long; it looks before each statement."""
STATES: Final[dict[str, type[StoreError]]] = {
    "0A000": StoreReadOnly,
    "25006": StoreReadOnly,
    ENDED: StoreUnavailable,
    "53100": StoreFull,
    "53300": StoreUnavailable,
    "55P03": StoreBusy,
    "57014": StoreGaveUp,
    "57P04": StoreUnusable,
    "P0001": StoreRefused,
    "XX001": StoreCorrupt,
    "XX002": StoreCorrupt,
}
"""A standby says 0A000, feature_not_supported, to a transaction that is to write. 53300: too many
connections. 57014: beyond `statement_timeout`, or cancelled by hand. 57P04: the database was
dropped. P0001: a trigger said so."""
CLASSES: Final[dict[str, type[StoreError]]] = {
    "08": StoreUnavailable,
    "22": StoreRefused,
    "23": StoreRefused,
    "28": StoreUnusable,
    "3D": StoreUnusable,
    "3F": StoreUnusable,
    "42": StoreUnusable,
    "44": StoreRefused,
    "53": StoreGaveUp,
    "54": StoreRefused,
    "57": StoreUnavailable,
    "58": StoreUnavailable,
}
"""No connection; a value that cannot be kept; a constraint; no access; no such database; no such
schema; no such table, column or right; no resources; beyond a limit; stopped; the system."""


_DOWN: Final = frozenset({"57P01", "57P02", "57P03"})
_PASSES_FOR_ALL: Final = frozenset({"08", "57", "58"})
"""Classes that tell of the server or its line, which a trigger may say of another server."""
_OF_TRIGGERS: Final = frozenset({"0A000", "25006"})
"""What a standby says to a transaction or statement itself, and never from within a function."""


def is_of_statement(state: str, severity: str, context: str) -> bool:
    """Whether a server that works on has answered with what it says when it, too, is away.

    A trigger that asks another server, through dblink say, passes on what that one said.
    """
    if severity != "ERROR" or state in _DOWN:
        return False
    return state[:2] in _PASSES_FOR_ALL or (state in _OF_TRIGGERS and bool(context))


def kind_of(state: str) -> type[StoreError]:
    """The error of this library for a SQLSTATE."""
    return STATES.get(state) or CLASSES.get(state[:2], StoreError)


ROW_RIGHT: Final = "42501"
"""No right on a table or schema, or none on this row alone: the text tells them apart."""
_UNUSABLE: Final = re.compile(
    r"FATAL:\s+(?:"
    r'database ".*" does not exist|no such (?:database|user)|role ".*" does not exist'
    r'|(?:\w+ )+authentication failed for user|role ".*" is not permitted to log in'
    r"|no pg_hba\.conf entry for|permission denied for database"
    r")",
    re.DOTALL,
)


def kind_of_connecting(told: str) -> type[StoreError]:
    """The error of this library for a connection that was not made.

    The driver has no SQLSTATE for it, only the server's text, or its own where no server spoke.
    A text that is not known, as of a server that speaks another language, is taken to pass.
    """
    return StoreUnusable if _UNUSABLE.search(told) else StoreUnavailable


def is_of_a_row(state: str, told: str) -> bool:
    """Whether a right is missing for this row alone: a policy of the table forbids it."""
    return state == ROW_RIGHT and "row-level security" in told
