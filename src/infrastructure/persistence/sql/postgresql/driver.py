"""psycopg: how a connection is opened, what its errors mean."""

from __future__ import annotations

import re
from typing import Any, Final

import attrs
from sqlalchemy.engine import URL

from .....core.domain.skipped import rows_skipped
from .....core.domain.store_errors import (
    InvalidDatabaseUrl,
    MissingDriver,
    StoreCorrupt,
    StoreError,
    StoreGaveUp,
    StoreRefused,
    StoreUnavailable,
    StoreUnusable,
)
from ....cached_property import cached_property
from ..jobs.parts import ensure_bytes
from ..jobs.rows import UnreadableRow
from ..server.driver import Connection, ServerDriver, Verdict
from . import errors
from .dialect import PostgresqlDialect
from .job_statements import NOT_ALL
from .message import PostgresqlMessage
from .sql_connection import DIALECT, PostgresqlConnection
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

LONGEST: Final = 128 * 1024 * 1024
"""Bytes of a value: a message has at most a gigabyte, and quotes in it are doubled."""
ENCODING: Final = "UTF8"
"""The only one that holds all text."""
_WRONG_ENCODING: Final = (
    "its encoding is {}, which cannot hold all text; one that can is made by "
    "CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0"
)


@attrs.frozen(eq=False, slots=False)
class PostgresqlDriver(ServerDriver):
    """Talks to PostgreSQL through psycopg.

    Nothing it sets lasts longer than a transaction, so that a pooler may hand each transaction
    another session.
    """

    address: URL
    shown: str
    _dialect: PostgresqlDialect

    @property
    def url(self) -> str:
        return self.shown

    @property
    def dialect(self) -> PostgresqlDialect:
        return self._dialect

    @cached_property
    def psycopg(self) -> Any:
        """The driver's module. Raises `MissingDriver`."""
        try:
            import psycopg
        except ImportError as error:
            raise MissingDriver(self.shown, "pip install errands[postgres]") from error
        return psycopg

    def connect(self) -> Connection:
        psycopg = self.psycopg
        from .connection import BoundedConnection

        named: dict[str, Any] = DIALECT.create_connect_args(self.address)[1]  # type: ignore[no-untyped-call]  # pyright: ignore[reportUnknownMemberType]
        wanted: dict[str, Any] = {**DEFAULTS, **named, "client_encoding": "UTF8"}
        try:
            connection = BoundedConnection.connect(
                **wanted,
                autocommit=True,
                prepare_threshold=None,
                cursor_factory=psycopg.ClientCursor,
            )
        except psycopg.ProgrammingError as error:  # of an option; no server was asked
            raise InvalidDatabaseUrl(self.shown, str(error)) from error
        encoding = connection.info.parameter_status("server_encoding")
        if encoding not in {ENCODING, None}:
            connection.close()
            raise StoreUnusable(self.shown, _WRONG_ENCODING.format(encoding))
        return connection

    def is_usable(self, connection: Connection) -> bool:
        if connection.closed:
            return False
        status = connection.info.transaction_status
        return bool(status == self.psycopg.pq.TransactionStatus.IDLE)

    def sql(self, connection: Connection) -> PostgresqlConnection:
        return PostgresqlConnection(connection, self._dialect)

    def begin(self, connection: Connection, *, only_reads: bool) -> PostgresqlTransaction:
        """Nothing is sent before the first statement."""
        opening = _READS if only_reads else _WRITES
        return PostgresqlTransaction(connection, self._dialect, opening)

    def begin_message(self, connection: Connection) -> PostgresqlMessage:
        """A transaction of one message, as `AsyncDriver` says."""
        return PostgresqlMessage(connection, self._dialect, _WRITES)

    def clock(self, connection: Connection) -> float:
        query = "SELECT extract(epoch FROM clock_timestamp())::float8"
        return float(connection.execute(query).fetchone()[0])

    def verdict(self, error: Exception) -> Verdict:
        if not isinstance(error, self.psycopg.Error):
            return Verdict.FINAL
        state = _state(error)
        if state in errors.PASSING:
            return Verdict.PASSING
        if _is_of_statement(error):
            return Verdict.FINAL
        if state == errors.ENDED:
            return Verdict.ENDED
        if state in errors.LOST or state.startswith("08"):
            return Verdict.LOST
        is_broken = isinstance(error, self.psycopg.OperationalError | self.psycopg.InterfaceError)
        return Verdict.LOST if is_broken and not state else Verdict.FINAL

    def ensure_room(self, text: str, field: str) -> None:
        ensure_bytes(text, field, LONGEST)

    def translated(self, error: Exception) -> StoreError | None:
        if isinstance(error, UnreadableRow):
            return StoreCorrupt(self.shown, str(error))
        if isinstance(error, OSError) and not isinstance(error, StoreError):
            return StoreUnavailable(self.shown, str(error))
        if not isinstance(error, self.psycopg.Error):
            return None
        state, told = _state(error), _one_line(error)
        if NOT_ALL in told:
            return rows_skipped(self.shown)
        if not state:
            return errors.kind_of_connecting(told)(self.shown, told)
        kind = StoreRefused if errors.is_of_a_row(state, told) else errors.kind_of(state)
        if issubclass(kind, StoreUnavailable) and _is_of_statement(error):
            kind = StoreGaveUp
        if kind in {StoreRefused, StoreGaveUp}:  # What follows the first line may show the row.
            told = _first_line(error) or told
        return kind(self.shown, told)


def _state(error: Exception) -> str:
    """The SQLSTATE of an error, empty where the server said nothing."""
    return str(getattr(error, "sqlstate", None) or "")


def _is_of_statement(error: Any) -> bool:
    told = error.diag
    return errors.is_of_statement(_state(error), told.severity_nonlocalized, told.context)


def _first_line(error: Any) -> str:
    return str(error.diag.message_primary or "")


def _one_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error)).strip()
