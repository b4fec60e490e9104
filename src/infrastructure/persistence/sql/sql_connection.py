"""How the repositories talk to a database, whoever owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from .statement import Core, Parameters, Row, Statement

if TYPE_CHECKING:
    from .dialect import SqlDialect


class SqlConnection(Protocol):
    """A transaction under way, on a driver's cursor or on a caller's connection."""

    @property
    def dialect(self) -> SqlDialect:
        """How the database at the other end is spoken to."""
        ...

    def rows(self, statement: Statement, parameters: Parameters = ()) -> Sequence[Row]:
        """Run a statement and give its rows."""
        ...

    def write(self, statement: Statement, parameters: Parameters = ()) -> int:
        """Run a statement and give the number of rows it touched."""
        ...

    def write_many(self, statement: Statement, parameters: Sequence[Parameters]) -> int:
        """Run a statement for each member and give the number of rows touched in all."""
        ...

    def select(self, core: Core) -> Sequence[Row]:
        """Run a query built for the occasion."""
        ...

    def execute(self, core: Core) -> int:
        """Run a change built for the occasion; the number of rows it touched."""
        ...
