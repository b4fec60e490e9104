"""The tables as SQLite has them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Table, literal_column

from ..schema import Tables
from ..types import NAME


class SqliteTables(Tables):
    """Partial indexes, and sequences in a row: there is one writer at a time."""

    sequences: Table
    now = literal_column("CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)")

    def _add_sequences(self) -> None:
        self.sequences = self._table(
            "sequence",
            [
                Column("name", NAME, primary_key=True),
                Column("value", BigInteger, nullable=False),
            ],
        )

    def _when(self, condition: str | None) -> dict[str, Any]:
        return {} if condition is None else {"sqlite_where": literal_column(condition)}


TABLES: Final = SqliteTables()
"""The tables of every SQLite queue: a file has one, under one prefix."""
