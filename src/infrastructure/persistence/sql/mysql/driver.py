"""PyMySQL, or mysqlclient: how a connection is opened, what its errors mean."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final

import attrs
from sqlalchemy.engine import URL, Dialect

from .....core.domain.errors import PayloadTooLarge
from .....core.domain.id_runs import IdRun
from .....core.domain.store_errors import (
    InvalidDatabaseUrl,
    MissingDriver,
    StoreCorrupt,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)
from ....cached_property import cached_property
from ..jobs.parts import WIDEST
from ..jobs.rows import UnreadableRow
from ..server.driver import ANSWER_SECONDS, Connection, ServerDriver, Verdict
from . import errors
from .dialect import MysqlDialect, dialect_of
from .horizon import Written
from .keepalive import QUIET_SECONDS, watch
from .schema import MariadbTables, MysqlTables
from .sql_connection import ROOM, OwnMysqlConnection, hung_up_on, size_of, too_long
from .tls import sharing_tls
from .transaction import MysqlTransaction, is_idle, mark
from .uncommitted_view import UncommittedView

LOCK_SECONDS: Final = 2
"""A statement that waits longer for a row's lock is broken off, and its unit run again."""
CONNECT_SECONDS: Final = 10
OLDEST: Final = {"mariadb": (10, 8), "mysql": (8, 0, 19)}
"""The first to have SKIP LOCKED, JSON_TABLE, and indexes in descending order."""

_MODULES: Final = {"pymysql": "pymysql", "mysqldb": "MySQLdb"}
_SESSION: Final = (
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',"
    f" SESSION innodb_lock_wait_timeout = {LOCK_SECONDS}"
)
_LONGEST: Final = "SELECT @@max_allowed_packet"
_LATEST: Final = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
_OF_FLAVOUR: Final = {
    "mariadb": f"SET SESSION idle_transaction_timeout = {QUIET_SECONDS}",
    "mysql": "SET SESSION information_schema_stats_expiry = 0",
}
"""MariaDB rolls back a transaction whose next statement is longer in coming: who sent it may
have been cut off, and nobody else would ever let go of its locks."""
_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
_READS: Final = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"


@attrs.frozen
class Flavour:
    """Which of the two servers it is, and what it takes."""

    name: str
    version: str


@attrs.frozen(eq=False, slots=False)
class MysqlDriver(ServerDriver):
    """What it sets on a session is set once, when it connects."""

    address: URL
    shown: str
    prefix: str
    _sides: dict[int, UncommittedView] = attrs.field(factory=dict[int, UncommittedView], init=False)
    _flavours: list[Flavour] = attrs.field(factory=list[Flavour], init=False)
    _dialects: list[MysqlDialect] = attrs.field(factory=list[MysqlDialect], init=False)

    @property
    def url(self) -> str:
        return self.shown

    @property
    def flavour(self) -> Flavour:
        """Asked once. Raises what `connect` raises.

        No `cached_property`: before Python 3.12 one server that does not answer would hold up
        the first question to every other.
        """
        if not self._flavours:
            connection = self._connected(ANSWER_SECONDS)
            try:
                self._flavours.append(self._ask_flavour(connection))
            finally:
                connection.close()
        return self._flavours[0]

    @property
    def dialect(self) -> MysqlDialect:
        if not self._dialects:
            kind = MariadbTables if self.flavour.name == "mariadb" else MysqlTables
            self._dialects.append(dialect_of(kind(self.prefix), self.written))
        return self._dialects[0]

    @cached_property
    def compiler(self) -> Dialect:
        """What compiles statements for this server."""
        return URL.create(self.dialect_name).get_dialect()()

    @property
    def dialect_name(self) -> str:
        """SQLAlchemy's name for server and driver."""
        return f"{self.flavour.name}+{self._driver_name}"

    @property
    def _driver_name(self) -> str:
        wanted = self.address.drivername.partition("+")[2]
        return wanted if wanted in _MODULES else "pymysql"

    @cached_property
    def module(self) -> Any:
        """The driver's module. Raises `MissingDriver`."""
        name = _MODULES[self._driver_name]
        try:
            module = import_module(name)
            import_module(f"{name}.cursors")
            import_module(f"{name}.constants.CLIENT")
        except ImportError as error:
            package = "mysqlclient" if name == "MySQLdb" else "errands[mysql]"
            raise MissingDriver(self.shown, f"pip install {package}") from error
        return module

    @cached_property
    def _connect(self) -> Callable[..., Connection]:
        module = self.module
        is_of_python = self._driver_name == "pymysql"
        return sharing_tls(module.connections.Connection) if is_of_python else module.connect

    def connect(self, answer_seconds: float | None = None) -> Connection:
        """Answers may take `ANSWER_SECONDS` unless more are given."""
        connection = self._connected(answer_seconds or ANSWER_SECONDS)
        try:
            for statement in (_SESSION, _LATEST, _OF_FLAVOUR[self.flavour.name]):
                self._say(connection, statement)
            self.dialect.packet.longest = int(self._ask(connection, _LONGEST)[0])
        except BaseException:
            connection.close()
            raise
        return connection

    def is_usable(self, connection: Connection) -> bool:
        return is_idle(connection)

    def sql(self, connection: Connection) -> OwnMysqlConnection:
        cursor = self.module.cursors.Cursor
        return OwnMysqlConnection(connection, self.dialect, self.compiler, cursor, self.shown)

    def begin(self, connection: Connection, *, only_reads: bool) -> MysqlTransaction:
        known = self.dialect.events.horizon.known
        mark(connection, is_busy=True)
        if only_reads:
            self._say(connection, _SNAPSHOT)
            self._say(connection, _READS)
        else:
            connection.begin()
        return MysqlTransaction(attrs.evolve(self.sql(connection), known=known))

    def clock(self, connection: Connection) -> float:
        mark(connection, is_busy=True)
        answer = float(self._ask(connection, "SELECT UNIX_TIMESTAMP(SYSDATE(6))")[0])
        mark(connection, is_busy=False)
        return answer

    def written(self, runs: Sequence[IdRun]) -> Written | None:
        """Those of the ids that have rows, committed or not; None where nobody could tell."""
        return self._side.written(self.dialect.tables.events.name, runs)

    def close_side(self) -> None:
        """Close what `written` has opened in this process."""
        self._side.close()

    @property
    def _side(self) -> UncommittedView:
        """A forked child leaves that of its parent alone."""
        return self._sides.setdefault(os.getpid(), UncommittedView(self.connect))

    def verdict(self, error: Exception) -> Verdict:
        number = self._number(error)
        if number in errors.PASSING:
            return Verdict.PASSING
        is_lost = number in errors.LOST or isinstance(error, self.module.InterfaceError)
        return Verdict.LOST if is_lost else Verdict.FINAL

    def translated(self, error: Exception) -> StoreError | None:
        if isinstance(error, UnreadableRow):
            return StoreCorrupt(self.shown, str(error))
        if isinstance(error, OSError) and not isinstance(error, StoreError):
            return StoreUnavailable(self.shown, str(error))
        if not isinstance(error, self.module.Error):
            return None
        told = re.sub(r"\s+", " ", str(error.args[-1] if error.args else error)).strip()
        if isinstance(error, self.module.InterfaceError):
            return StoreUnavailable(self.shown, told or "the connection was closed")
        number = self._number(error)
        if number in errors.LOST and (sent := hung_up_on(error)):
            told = f"the server hangs up on a statement of {sent:,} characters: {told}"
            return StoreRefused(self.shown, told)
        return errors.kind_of(number, told)(self.shown, told)

    def ensure_room(self, text: str, field: str) -> None:
        if len(text) * WIDEST + ROOM <= self.dialect.packet.longest:
            return
        if (needed := size_of(text) + ROOM) > self.dialect.packet.longest:
            raise PayloadTooLarge(field, too_long(needed, self.dialect.packet.longest))

    def _number(self, error: Exception) -> int:
        """The number of a driver's error, 0 for any other."""
        if not isinstance(error, self.module.Error) or not error.args:
            return 0
        return error.args[0] if isinstance(error.args[0], int) else 0

    def _connected(self, answer_seconds: float) -> Connection:
        """A connection as the server gives it."""
        module, dialect = self.module, URL.create(f"mysql+{self._driver_name}").get_dialect()()
        dialect.dbapi = module
        named = dict(dialect.create_connect_args(self.address)[1])
        flags = named.pop("client_flag", 0) & ~module.constants.CLIENT.FOUND_ROWS
        wanted = {"connect_timeout": CONNECT_SECONDS, **named, "charset": "utf8mb4"}
        if self._driver_name == "pymysql":
            wanted = {"read_timeout": answer_seconds, "write_timeout": answer_seconds, **wanted}
        try:
            connection = self._connect(**wanted, client_flag=flags, autocommit=True)
        except TypeError as error:  # of an argument that it does not know
            raise InvalidDatabaseUrl(self.shown, str(error)) from error
        try:  # PyMySQL has no word for its socket.
            watch(connection if hasattr(connection, "fileno") else connection._sock)
        except BaseException:
            connection.close()
            raise
        return connection

    def _ask_flavour(self, connection: Connection) -> Flavour:
        version: str = self._ask(connection, "SELECT VERSION()")[0]
        name = "mariadb" if "mariadb" in version.lower() else "mysql"
        numbers = tuple(map(int, re.findall(r"\d+", version)[:3]))
        oldest = OLDEST[name]
        if numbers < oldest:
            least = ".".join(map(str, oldest))
            raise StoreUnavailable(self.shown, f"it is version {version}; {least} is the oldest")
        return Flavour(name, version)

    def _say(self, connection: Connection, statement: str) -> None:
        with connection.cursor(self.module.cursors.Cursor) as cursor:
            cursor.execute(statement)

    def _ask(self, connection: Connection, query: str) -> Any:
        with connection.cursor(self.module.cursors.Cursor) as cursor:
            cursor.execute(query)
            return cursor.fetchone()
