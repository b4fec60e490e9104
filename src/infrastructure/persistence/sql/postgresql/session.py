"""Statements on a connection of psycopg."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from ..mapping import Row
from ..session import Session
from ..statement import Core, Parameters, Statement, positions
from .grammar import PostgresqlGrammar

DIALECT: Final = PGDialect_psycopg(paramstyle="format")


@attrs.frozen(eq=False)
class PostgresqlSession(Session):
    """A transaction on a connection of the driver; hot statements are compiled once."""

    connection: Any
    spoken: PostgresqlGrammar

    @property
    def grammar(self) -> PostgresqlGrammar:
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
        """See the port."""
        return sum(self.write(statement, values) for values in parameters)

    def select(self, core: Core) -> Sequence[Row]:
        """See the port."""
        rows: Sequence[Row] = self._run_once(core).fetchall()
        return rows

    def execute(self, core: Core) -> int:
        """See the port."""
        return int(self._run_once(core).rowcount)

    def _run(self, statement: Statement, parameters: Parameters) -> Any:
        text, arrange = statement.on(DIALECT)
        return self.connection.execute(text, arrange(parameters) if arrange else parameters)

    def _run_once(self, core: Core) -> Any:
        compiled = core.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
        parameters = compiled.construct_params()
        values = [parameters[name] for name in positions(compiled)]
        return self.connection.execute(str(compiled), values)
