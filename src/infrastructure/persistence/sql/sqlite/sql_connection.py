"""Statements on the driver's own connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Final

import attrs
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from ..dialect import SqlDialect
from ..sql_connection import SqlConnection
from ..statement import BULK, Core, Parameters, Row, Statement, positions
from .dialect import SQLITE
from .driver import Connection

DIALECT: Final = SQLiteDialect_pysqlite()


@attrs.frozen(eq=False)
class SqliteConnection(SqlConnection):
    """A transaction on a connection of the driver; hot statements are compiled once."""

    connection: Connection

    @property
    def dialect(self) -> SqlDialect:
        return SQLITE

    def rows(self, statement: Statement, parameters: Parameters = ()) -> Sequence[Row]:
        text, arrange = statement.on(DIALECT)
        values = arrange(parameters) if arrange else parameters
        return self.connection.execute(text, values).fetchall()

    def write(self, statement: Statement, parameters: Parameters = ()) -> int:
        text, arrange = statement.on(DIALECT)
        values = arrange(parameters) if arrange else parameters
        return self.connection.execute(text, values).rowcount

    def write_many(self, statement: Statement, parameters: Sequence[Parameters]) -> int:
        if statement.has_bulk and len(parameters) >= BULK:
            return self._write_bulk(statement, parameters)
        text, arrange = statement.on(DIALECT)
        values = map(arrange, parameters) if arrange else parameters
        return self.connection.executemany(text, values).rowcount

    def _write_bulk(self, statement: Statement, parameters: Sequence[Parameters]) -> int:
        written = 0
        whole = len(parameters) - len(parameters) % BULK
        for start in range(0, whole, BULK):
            members = chain.from_iterable(parameters[start : start + BULK])
            written += self.write(statement.bulk, tuple(members))
        rest = parameters[whole:]
        return written + (self.write_many(statement, rest) if rest else 0)

    def select(self, core: Core) -> Sequence[Row]:
        return self._run(core).fetchall()

    def execute(self, core: Core) -> int:
        return self._run(core).rowcount

    def _run(self, core: Core) -> sqlite3.Cursor:
        compiled = core.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
        parameters = compiled.construct_params()
        values = [parameters[name] for name in positions(compiled)]
        return self.connection.execute(str(compiled), values)
