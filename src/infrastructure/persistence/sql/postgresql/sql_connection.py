"""Statements on a connection of psycopg."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Integer
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from ..sql_connection import SqlConnection
from ..statement import Core, Parameters, Row, Statement, positions
from .dialect import PostgresqlDialect

DIALECT: Final = PGDialect_psycopg(paramstyle="format")  # type: ignore[no-untyped-call]
# The driver writes integers out: -2147483648::INTEGER is minus a number that is out of range.
DIALECT.colspecs = {**DIALECT.colspecs, Integer: Integer}

Text = tuple[str, Parameters]
"""A statement as the driver takes it."""


class PostgresqlConnection(SqlConnection):
    """Statements in whatever transaction there is; hot ones are compiled once."""

    def __init__(self, connection: Any, dialect: PostgresqlDialect) -> None:
        self.connection = connection
        self._dialect = dialect

    @property
    def dialect(self) -> PostgresqlDialect:
        return self._dialect

    def rows(self, statement: Statement, parameters: Parameters = ()) -> Sequence[Row]:
        rows: Sequence[Row] = self.send(compiled(statement, parameters)).fetchall()
        return rows

    def write(self, statement: Statement, parameters: Parameters = ()) -> int:
        return int(self.send(compiled(statement, parameters)).rowcount)

    def write_many(self, statement: Statement, parameters: Sequence[Parameters]) -> int:
        return sum(self.write(statement, values) for values in parameters)

    def select(self, core: Core) -> Sequence[Row]:
        rows: Sequence[Row] = self.send_rare(compiled_once(core)).fetchall()
        return rows

    def execute(self, core: Core) -> int:
        return int(self.send_rare(compiled_once(core)).rowcount)

    def send(self, text: Text) -> Any:
        """Run a hot statement; a cursor with its outcome."""
        return self.executed([text])

    def send_rare(self, text: Text) -> Any:
        """Run a statement built for the occasion; a cursor with its outcome."""
        return self.executed([text])

    def executed(self, texts: Sequence[Text]) -> Any:
        """Run statements in one message; a cursor with the outcome of the last."""
        text, values = joined(texts)
        cursor = self.connection.execute(text, values or None)
        while cursor.nextset():
            pass
        return cursor


def joined(texts: Sequence[Text]) -> Text:
    """Statements as one message."""
    text = "; ".join(text for text, _ in texts)
    return text, [value for _, parameters in texts for value in parameters]


def compiled(statement: Statement, parameters: Parameters) -> Text:
    """A hot statement with its parameters."""
    text, arrange = statement.on(DIALECT)
    return text, arrange(parameters) if arrange else parameters


def compiled_once(core: Core) -> Text:
    """A statement built for the occasion, with its parameters."""
    text = core.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    parameters = text.construct_params()
    return str(text), [parameters[name] for name in positions(text)]
