"""A database server, as the server stores need it."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any, Final, Protocol

from .....core.domain.store_errors import StoreError
from ..dialect import SqlDialect
from ..sql_connection import SqlConnection

Connection = Any
"""A connection of the DB-API, of whatever driver."""

ANSWER_SECONDS: Final = 120
"""Seconds without a sign of life after which a line on which an answer is due counts as lost."""
MIGRATION_SECONDS: Final = 3_600
"""The same while a schema is migrated: to build an index or a table anew takes its time."""
QUIET_MIGRATION_SECONDS: Final = 300
"""A migration whose next statement is longer in coming is broken off: its process is gone."""


class Verdict(Enum):
    """What a driver's error says about the transaction it broke off."""

    PASSING = auto()
    """It was rolled back for a reason that passes: a deadlock, a lock that took too long."""
    LOST = auto()
    """The connection is gone: rolled back, unless it was lost in COMMIT."""
    ENDED = auto()
    """The connection is gone, and its transaction was rolled back, also where it was to COMMIT."""
    FINAL = auto()
    """Running it again would not help."""


class Transaction(Protocol):
    """A transaction under way on a connection."""

    @property
    def sql(self) -> SqlConnection:
        """Statements in it."""
        ...

    def commit(self) -> None:
        """Commit."""
        ...

    def rollback(self) -> None:
        """Roll back; nothing is to be done where the connection is gone."""
        ...


class ServerDriver(Protocol):
    """Opens connections, runs transactions on them, and knows what their errors mean."""

    @property
    def url(self) -> str:
        """The database, without password."""
        ...

    @property
    def dialect(self) -> SqlDialect:
        """How the database is spoken to."""
        ...

    def connect(self) -> Connection:
        """A new connection, set up and outside of any transaction."""
        ...

    def is_usable(self, connection: Connection) -> bool:
        """Whether a connection is worth keeping after an error; asks nobody."""
        ...

    def sql(self, connection: Connection) -> SqlConnection:
        """Statements outside of any transaction."""
        ...

    def begin(self, connection: Connection, *, only_reads: bool) -> Transaction:
        """Begin a transaction: one that writes sees each commit, one that reads a snapshot."""
        ...

    def clock(self, connection: Connection) -> float:
        """The server's time in seconds since the epoch."""
        ...

    def verdict(self, error: Exception) -> Verdict:
        """What an error means for the transaction."""
        ...

    def ensure_room(self, text: str, field: str) -> None:
        """Raise `PayloadTooLarge` for a text that is longer than the server can ever take."""
        ...

    def translated(self, error: Exception) -> StoreError | None:
        """The error of this library for one of the driver, None for others."""
        ...
