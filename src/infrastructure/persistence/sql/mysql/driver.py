"""PyMySQL, or mysqlclient: how a connection is opened, what its errors mean."""

from __future__ import annotations

import os
import re
from functools import cached_property
from importlib import import_module
from typing import Any, Final

import attrs
from sqlalchemy.engine import URL, Dialect

from .....core.domain.errors import MissingDriver, StoreCorrupt, StoreError, StoreUnavailable
from ..mapping import UnreadableRow
from ..server.driver import Connection, ServerDriver, Verdict
from . import errors
from .grammar import MysqlGrammar
from .horizon import Written
from .line import QUIET_SECONDS, watch
from .schema import MariadbTables, MysqlTables
from .session import OwnSession
from .side import SideView
from .transaction import MysqlTransaction, is_idle, mark

LOCK_SECONDS: Final = 2
"""A statement that waits longer for a row's lock is broken off, and its unit run again."""
CONNECT_SECONDS: Final = 10
ANSWER_SECONDS: Final = 120
"""Seconds without a sign of life after which a connection counts as lost."""
OLDEST: Final = {"mariadb": (10, 8), "mysql": (8, 0, 19)}
"""The first to have SKIP LOCKED, JSON_TABLE, and indexes in descending order."""

_MODULES: Final = {"pymysql": "pymysql", "mysqldb": "MySQLdb"}
_SESSION: Final = (
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',"
    f" SESSION innodb_lock_wait_timeout = {LOCK_SECONDS}"
)
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
    longest_statement: int


@attrs.frozen(eq=False, slots=False)
class MysqlDriver(ServerDriver):
    """See the protocol. What it sets on a session is set once, when it connects."""

    address: URL
    shown: str
    prefix: str
    _sides: dict[int, SideView] = attrs.field(factory=dict[int, SideView], init=False)

    @property
    def url(self) -> str:
        """See the protocol."""
        return self.shown

    @cached_property
    def flavour(self) -> Flavour:
        """Asked once. Raises what `connect` raises."""
        connection = self._connected()
        try:
            return self._ask_flavour(connection)
        finally:
            connection.close()

    @property
    def grammar(self) -> MysqlGrammar:
        """See the protocol."""
        return self._spoken

    @cached_property
    def _spoken(self) -> MysqlGrammar:
        kind = MariadbTables if self.flavour.name == "mariadb" else MysqlTables
        return MysqlGrammar(kind(self.prefix), self.written)

    @cached_property
    def dialect(self) -> Dialect:
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

    def connect(self) -> Connection:
        """See the protocol."""
        connection = self._connected()
        try:
            for statement in (_SESSION, _LATEST, _OF_FLAVOUR[self.flavour.name]):
                self._say(connection, statement)
        except BaseException:
            connection.close()
            raise
        return connection

    def is_usable(self, connection: Connection) -> bool:
        """See the protocol."""
        return is_idle(connection)

    def session(self, connection: Connection) -> OwnSession:
        """See the protocol."""
        cursor = self.module.cursors.Cursor
        longest = self.flavour.longest_statement
        return OwnSession(connection, self.grammar, self.dialect, cursor, longest)

    def begin(self, connection: Connection, *, only_reads: bool) -> MysqlTransaction:
        """See the protocol."""
        mark(connection, is_busy=True)
        if only_reads:
            self._say(connection, _SNAPSHOT)
            self._say(connection, _READS)
        else:
            connection.begin()
        return MysqlTransaction(self.session(connection))

    def clock(self, connection: Connection) -> float:
        """See the protocol."""
        return float(self._ask(connection, "SELECT UNIX_TIMESTAMP(SYSDATE(6))")[0])

    def written(self, after: int, up_to: int) -> Written | None:
        """The ids of events between these, committed or not; None where nobody could tell."""
        return self._side.written(self.grammar.tables.events.name, after, up_to)

    def close_side(self) -> None:
        """Close what `written` has opened in this process."""
        self._side.close()

    @property
    def _side(self) -> SideView:
        """A forked child leaves that of its parent alone."""
        return self._sides.setdefault(os.getpid(), SideView(self.connect))

    def verdict(self, error: Exception) -> Verdict:
        """See the protocol."""
        number = self._number(error)
        if number in errors.PASSING:
            return Verdict.PASSING
        is_lost = number in errors.LOST or isinstance(error, self.module.InterfaceError)
        return Verdict.LOST if is_lost else Verdict.FINAL

    def translated(self, error: Exception) -> StoreError | None:
        """See the protocol."""
        if isinstance(error, UnreadableRow):
            return StoreCorrupt(self.shown, str(error))
        if not isinstance(error, self.module.Error):
            return None
        told = re.sub(r"\s+", " ", str(error.args[-1] if error.args else error)).strip()
        if isinstance(error, self.module.InterfaceError):
            return StoreUnavailable(self.shown, told or "the connection was closed")
        return errors.kind_of(self._number(error), told)(self.shown, told)

    def _number(self, error: Exception) -> int:
        """The number of a driver's error, 0 for any other."""
        if not isinstance(error, self.module.Error) or not error.args:
            return 0
        return error.args[0] if isinstance(error.args[0], int) else 0

    def _connected(self) -> Connection:
        """A connection as the server gives it."""
        module, dialect = self.module, URL.create(f"mysql+{self._driver_name}").get_dialect()()
        dialect.dbapi = module
        named = dict(dialect.create_connect_args(self.address)[1])
        flags = named.pop("client_flag", 0) & ~module.constants.CLIENT.FOUND_ROWS
        wanted = {"connect_timeout": CONNECT_SECONDS, **named, "charset": "utf8mb4"}
        if self._driver_name == "pymysql":
            wanted = {"read_timeout": ANSWER_SECONDS, "write_timeout": ANSWER_SECONDS, **wanted}
        connection = module.connect(**wanted, client_flag=flags, autocommit=True)
        # PyMySQL has no word for its socket.
        watch(connection if hasattr(connection, "fileno") else connection._sock)
        return connection

    def _ask_flavour(self, connection: Connection) -> Flavour:
        version, longest = self._ask(connection, "SELECT VERSION(), @@max_allowed_packet")
        name = "mariadb" if "mariadb" in version.lower() else "mysql"
        numbers = tuple(map(int, re.findall(r"\d+", version)[:3]))
        oldest = OLDEST[name]
        if numbers < oldest:
            least = ".".join(map(str, oldest))
            raise StoreUnavailable(self.shown, f"it is version {version}; {least} is the oldest")
        return Flavour(name, version, int(longest))

    def _say(self, connection: Connection, statement: str) -> None:
        with connection.cursor(self.module.cursors.Cursor) as cursor:
            cursor.execute(statement)

    def _ask(self, connection: Connection, query: str) -> Any:
        with connection.cursor(self.module.cursors.Cursor) as cursor:
            cursor.execute(query)
            return cursor.fetchone()
