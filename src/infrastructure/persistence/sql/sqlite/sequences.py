"""Where sequences come from on SQLite: a row that counts, since there is one writer at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table, bindparam, literal_column, select, update

from ....cached_property import cached_property
from ..sequences import Sequences
from ..sql_connection import SqlConnection
from ..statement import Statement


class SequenceRow(Sequences):
    """The last sequence drawn, in a table of counters."""

    def __init__(self, counters: Table) -> None:
        self._counters = counters

    def draw(self, sql: SqlConnection, count: int) -> Sequence[int]:
        last = int(sql.rows(self.draw_many, (count,))[0][0])
        return range(last - count + 1, last + 1)

    def last(self, sql: SqlConnection) -> int:
        return int(sql.rows(self.last_drawn)[0][0])

    def count_on(self, sql: SqlConnection, least: int) -> None:
        sql.write(self.raise_to, (least,))

    @cached_property
    def draw_many(self) -> Statement:
        """Count on; the last sequence drawn."""
        row = self._counters
        counted = (
            update(row)
            .where(row.c.name == literal_column("'job'"))
            .values(value=row.c.value + bindparam("count"))
            .returning(row.c.value)
        )
        return Statement(counted, ["count"])

    @cached_property
    def last_drawn(self) -> Statement:
        """The last sequence drawn."""
        row = self._counters.c
        return Statement(select(row.value).where(row.name == literal_column("'job'")), [])

    @cached_property
    def raise_to(self) -> Statement:
        """Count on to a sequence, unless the last one drawn is behind it."""
        row = self._counters
        behind = (row.c.name == literal_column("'job'")) & (row.c.value < bindparam("least"))
        return Statement(update(row).where(behind).values(value=bindparam("least")), ["least"])
