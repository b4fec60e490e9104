"""Statements on a connection of the driver."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import attrs
from sqlalchemy.engine import Dialect

from .....core.domain.errors import PayloadTooLarge
from ..mapping import Row
from ..session import Session
from ..statement import Core, Parameters, Statement, positions
from .grammar import CountsWritten, MysqlGrammar

LONG: Final = 100_000
"""Characters of a text from which on it is asked whether the server will take it."""
ROOM: Final = 10_000
"""Bytes that the rest of a statement needs."""
AT_ONCE: Final = 100
"""Events that surely go in one insert: longer ones are split by the driver."""


@attrs.frozen(eq=False)
class MysqlSession(Session):
    """A transaction on a connection of the driver; hot statements are compiled once.

    `cursor` makes plain cursors, whatever kind the connection has by default. `longest` is
    how many bytes the server takes in one statement: it hangs up on longer ones.
    """

    connection: Any
    spoken: MysqlGrammar
    dialect: Dialect
    cursor: Any
    longest: int

    @property
    def grammar(self) -> MysqlGrammar:
        """See the port."""
        return self.spoken

    def rows(self, statement: Statement, parameters: Parameters = ()) -> Sequence[Row]:
        """See the port."""
        rows: Sequence[Row] = self._run(statement, parameters).fetchall()
        return rows

    def write(self, statement: Statement, parameters: Parameters = ()) -> int:
        """See the port."""
        return int(self._run(statement, parameters).rowcount)

    def write_many(self, statement: Statement, parameters: Sequence[Parameters]) -> int:
        """See the port. The driver makes one statement of many inserts."""
        return int(self._run_many(statement, parameters).rowcount)

    def select(self, core: Core) -> Sequence[Row]:
        """See the port."""
        rows: Sequence[Row] = self._run_once(core).fetchall()
        return rows

    def execute(self, core: Core) -> int:
        """See the port."""
        return int(self._run_once(core).rowcount)

    def _run(self, statement: Statement, parameters: Parameters) -> Any:
        text, arrange = statement.on(self.dialect)
        return self._executed(text, arrange(parameters) if arrange else parameters)

    def _run_many(self, statement: Statement, parameters: Sequence[Parameters]) -> Any:
        if len(parameters) == 1:
            return self._run(statement, parameters[0])
        text, arrange = statement.on(self.dialect)
        values = [arrange(each) for each in parameters] if arrange else parameters
        for each in values:
            self._require_room(each)
        cursor = self.connection.cursor(self.cursor)
        cursor.executemany(text, values)
        return cursor

    def _run_once(self, core: Core) -> Any:
        compiled = core.compile(dialect=self.dialect, compile_kwargs={"render_postcompile": True})
        parameters = compiled.construct_params()
        return self._executed(str(compiled), [parameters[name] for name in positions(compiled)])

    def _executed(self, text: str, values: Parameters) -> Any:
        self._require_room(values)
        cursor = self.connection.cursor(self.cursor)
        cursor.execute(text, values)
        return cursor

    def _require_room(self, values: Iterable[Any]) -> None:
        long = [each for each in values if isinstance(each, str) and len(each) > LONG]
        if long and (needed := sum(map(_size, long)) + ROOM) > self.longest:
            raise PayloadTooLarge(
                "data",
                f"needs a statement of {needed:,} bytes; the server's max_allowed_packet is "
                f"{self.longest:,}",
            )


@attrs.frozen(eq=False)
class OwnSession(MysqlSession, CountsWritten):
    """A session on a connection that the store has opened, without CLIENT_FOUND_ROWS."""

    def write_many(self, statement: Statement, parameters: Sequence[Parameters]) -> int:
        """See the port. Notes which events are this process's own."""
        cursor = self._run_many(statement, parameters)
        if statement is self.spoken.says.append_event and len(parameters) <= AT_ONCE:
            self.spoken.own_events.note(cursor.lastrowid, len(parameters))
        return int(cursor.rowcount)


def _size(text: str) -> int:
    """The bytes of a text in a statement, where some signs take a backslash."""
    return len(text.encode()) + sum(map(text.count, "\\\"'\n\r"))
