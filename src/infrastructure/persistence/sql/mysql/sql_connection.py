"""Statements on a connection of the driver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

import attrs
from sqlalchemy.engine import Dialect

from .....core.domain.store_errors import StoreRefused
from ..server.horizon import NOTHING, Known
from ..sql_connection import SqlConnection
from ..statement import Core, Parameters, Row, Statement, positions
from .answers import answered
from .counts_written import CountsWritten
from .dialect import MysqlDialect

LONG: Final = 100_000
"""Characters of a text from which on it is asked whether the server will take it."""
ROOM: Final = 10_000
"""Bytes that the rest of a statement needs."""
LONG_STATEMENT: Final = 1024 * 1024
"""Characters of a statement from which on a server that hangs up may have been asked too much."""
_SENT: Final = "errands_characters_sent"
"""Where an error notes how long the statement was that it broke off."""
AT_ONCE: Final = 100
"""Events that surely go in one insert: longer ones are split by the driver."""


@attrs.frozen(eq=False)
class MysqlConnection(SqlConnection):
    """A transaction on a connection of the driver; hot statements are compiled once.

    `cursor` makes plain cursors, whatever kind the connection has by default. A statement that
    is longer than the server takes is refused here: the server would hang up.
    """

    connection: Any
    _dialect: MysqlDialect
    compiler: Dialect
    cursor: Any
    shown: str

    @property
    def dialect(self) -> MysqlDialect:
        return self._dialect

    def rows(self, statement: Statement, parameters: Parameters = ()) -> Sequence[Row]:
        rows: Sequence[Row] = self._run(statement, parameters).fetchall()
        return rows

    def write(self, statement: Statement, parameters: Parameters = ()) -> int:
        return int(self._run(statement, parameters).rowcount)

    def write_many(self, statement: Statement, parameters: Sequence[Parameters]) -> int:
        """The driver makes one statement of many inserts."""
        return int(self._run_many(statement, parameters).rowcount)

    def select(self, core: Core) -> Sequence[Row]:
        rows: Sequence[Row] = self._run_once(core).fetchall()
        return rows

    def execute(self, core: Core) -> int:
        return int(self._run_once(core).rowcount)

    def _run(self, statement: Statement, parameters: Parameters) -> Any:
        text, arrange = statement.on(self.compiler)
        return self._executed(text, arrange(parameters) if arrange else parameters)

    def _run_many(self, statement: Statement, parameters: Sequence[Parameters]) -> Any:
        if len(parameters) == 1:
            return self._run(statement, parameters[0])
        text, arrange = statement.on(self.compiler)
        values = [arrange(each) for each in parameters] if arrange else parameters
        for each in values:
            self._require_room(each)
        cursor = self.connection.cursor(self.cursor)
        try:
            self._ask(cursor.executemany, text, values)
        except Exception as error:
            _note(error, max(map(_length, values)))
            raise
        return cursor

    def _run_once(self, core: Core) -> Any:
        compiled = core.compile(dialect=self.compiler, compile_kwargs={"render_postcompile": True})
        parameters = compiled.construct_params()
        return self._executed(str(compiled), [parameters[name] for name in positions(compiled)])

    def _executed(self, text: str, values: Parameters) -> Any:
        self._require_room(values)
        cursor = self.connection.cursor(self.cursor)
        try:
            self._ask(cursor.execute, text, values)
        except Exception as error:
            _note(error, _length(values))
            raise
        return cursor

    def _ask(self, send: Callable[..., object], text: str, values: Sequence[Any]) -> None:
        send(text, values)

    def _require_room(self, values: Iterable[Any]) -> None:
        long = [each for each in values if isinstance(each, str) and len(each) > LONG]
        if long and (needed := sum(map(size_of, long)) + ROOM) > self._dialect.packet.longest:
            raise StoreRefused(self.shown, too_long(needed, self._dialect.packet.longest))


@attrs.frozen(eq=False)
class OwnMysqlConnection(MysqlConnection, CountsWritten):
    """A session on a connection that the store has opened, without CLIENT_FOUND_ROWS."""

    known: Known = NOTHING

    def write_many(self, statement: Statement, parameters: Sequence[Parameters]) -> int:
        """Notes which events are this process's own."""
        cursor = self._run_many(statement, parameters)
        if statement is self._dialect.events.statements.append_event and len(parameters) <= AT_ONCE:
            self._dialect.events.own.note(cursor.lastrowid, len(parameters))
        return int(cursor.rowcount)

    def _ask(self, send: Callable[..., object], text: str, values: Sequence[Any]) -> None:
        answered(self.connection, send, text, values)


def size_of(text: str) -> int:
    """The bytes of a text in a statement, where some signs take a backslash."""
    return len(text.encode()) + sum(map(text.count, "\\\"'\n\r"))


def too_long(needed: int, longest: int) -> str:
    """Why a statement is not sent."""
    return f"needs a statement of {needed:,} bytes; the server's max_allowed_packet is {longest:,}"


def hung_up_on(error: Exception) -> int:
    """How long the statement was that an error broke off, if it was a long one; else 0."""
    sent = int(getattr(error, _SENT, 0))
    return sent if sent > LONG_STATEMENT else 0


def _note(error: Exception, sent: int) -> None:
    with suppress(AttributeError):
        setattr(error, _SENT, sent)


def _length(values: Parameters) -> int:
    return sum(len(each) for each in values if isinstance(each, str))
