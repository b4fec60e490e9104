"""psycopg: how a connection is opened, what its errors mean."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, Final

import attrs
from sqlalchemy.engine import URL

from .....core.domain.errors import (
    MissingDriver,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)
from ..mapping import UnreadableRow
from ..server.driver import Connection, ServerDriver, Verdict
from .grammar import PostgresqlGrammar
from .message import PostgresqlMessage
from .session import DIALECT, PostgresqlSession
from .transaction import PostgresqlTransaction

LOCK_SECONDS: Final = 2
"""A statement that waits longer for a row's lock is broken off, and its unit run again."""

QUIET_SECONDS: Final = 15
"""A transaction whose next statement is longer in coming is rolled back by the server: who sent
it may have been cut off, and nobody else would ever let go of its locks."""

DEFAULTS: Final[dict[str, Any]] = {
    "connect_timeout": 10,
    "application_name": "errands",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": QUIET_SECONDS * 1_000,
}
"""Unless the URL says otherwise: a server that went without a word is noticed in seconds."""

_ENDS: Final = f"SET LOCAL idle_in_transaction_session_timeout = '{QUIET_SECONDS}s'"
_WRITES: Final = (
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
    f" SET LOCAL lock_timeout = '{LOCK_SECONDS}s'; {_ENDS}"
)
_READS: Final = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {_ENDS}"

_PASSING: Final = frozenset({"40001", "40P01", "55P03", "53300"})
"""serialization_failure, deadlock_detected, lock_not_available, too_many_connections"""
_LOST: Final = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03"})
"""The server is going down, crashed, starts up; it ended an idle session."""
_KINDS: Final[dict[str, type[StoreError]]] = {
    "0A000": StoreReadOnly,
    "25006": StoreReadOnly,
    "42501": StoreReadOnly,
    "53100": StoreFull,
    "55P03": StoreBusy,
    "XX001": StoreCorrupt,
    "XX002": StoreCorrupt,
}
"""A standby says 0A000, feature_not_supported, to a transaction that is to write."""
_UNREACHABLE: Final = ("08", "28", "3D", "53", "57", "58")
"""Classes of errors: no connection, no access, no such database, no resources."""


@attrs.frozen(eq=False, slots=False)
class PostgresqlDriver(ServerDriver):
    """See the protocol.

    Nothing it sets lasts longer than a transaction, so that a pooler may hand each
    transaction another session.
    """

    address: URL
    shown: str
    spoken: PostgresqlGrammar

    @property
    def url(self) -> str:
        """See the protocol."""
        return self.shown

    @property
    def grammar(self) -> PostgresqlGrammar:
        """See the protocol."""
        return self.spoken

    @cached_property
    def psycopg(self) -> Any:
        """The driver's module. Raises `MissingDriver`."""
        try:
            import psycopg
        except ImportError as error:
            raise MissingDriver(self.shown, "pip install errands[postgres]") from error
        return psycopg

    def connect(self) -> Connection:
        """See the protocol."""
        named: dict[str, Any] = DIALECT.create_connect_args(self.address)[1]  # type: ignore[no-untyped-call]  # pyright: ignore[reportUnknownMemberType]
        wanted = {**DEFAULTS, **named, "client_encoding": "UTF8"}
        return self.psycopg.connect(
            **wanted,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=self.psycopg.ClientCursor,
        )

    def is_usable(self, connection: Connection) -> bool:
        """See the protocol."""
        if connection.closed:
            return False
        status = connection.info.transaction_status
        return bool(status == self.psycopg.pq.TransactionStatus.IDLE)

    def session(self, connection: Connection) -> PostgresqlSession:
        """See the protocol."""
        return PostgresqlSession(connection, self.spoken)

    def begin(self, connection: Connection, *, only_reads: bool) -> PostgresqlTransaction:
        """See the protocol. Nothing is sent before the first statement."""
        opening = _READS if only_reads else _WRITES
        return PostgresqlTransaction(connection, self.spoken, opening)

    def begin_message(self, connection: Connection) -> PostgresqlMessage:
        """A transaction of one message, as `Express` says."""
        return PostgresqlMessage(connection, self.spoken, _WRITES)

    def clock(self, connection: Connection) -> float:
        """See the protocol."""
        query = "SELECT extract(epoch FROM clock_timestamp())::float8"
        return float(connection.execute(query).fetchone()[0])

    def verdict(self, error: Exception) -> Verdict:
        """See the protocol."""
        if not isinstance(error, self.psycopg.Error):
            return Verdict.FINAL
        state = _state(error)
        if state in _PASSING:
            return Verdict.PASSING
        if state in _LOST or state.startswith("08"):
            return Verdict.LOST
        is_broken = isinstance(error, self.psycopg.OperationalError | self.psycopg.InterfaceError)
        return Verdict.LOST if is_broken and not state else Verdict.FINAL

    def translated(self, error: Exception) -> StoreError | None:
        """See the protocol."""
        if isinstance(error, UnreadableRow):
            return StoreCorrupt(self.shown, str(error))
        if not isinstance(error, self.psycopg.Error):
            return None
        state, told = _state(error), _one_line(error)
        if not state:
            return StoreUnavailable(self.shown, told)
        kind = StoreUnavailable if state.startswith(_UNREACHABLE) else StoreError
        return _KINDS.get(state, kind)(self.shown, told)


def _state(error: Exception) -> str:
    """The SQLSTATE of an error, empty where the server said nothing."""
    return str(getattr(error, "sqlstate", None) or "")


def _one_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error)).strip()
