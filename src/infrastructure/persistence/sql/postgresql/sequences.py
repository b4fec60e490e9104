"""Where sequences come from on PostgreSQL: a SEQUENCE, which belongs to no transaction."""

from __future__ import annotations

from collections.abc import Sequence as Numbers
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Sequence,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import ColumnElement

from ....cached_property import cached_property
from ..sequences import Sequences
from ..sql_connection import SqlConnection
from ..statement import Query, Statement
from .names import quoted
from .schema import PostgresqlTables
from .writes_late import WritesLate


class SequenceObject(Sequences):
    """What is drawn stays drawn, whatever becomes of the transaction."""

    def __init__(self, sequence: Sequence) -> None:
        self._sequence = sequence

    def draw(self, sql: SqlConnection, count: int) -> Numbers[int]:
        ask = sql.rows_outside if isinstance(sql, WritesLate) else sql.rows
        return sorted(row[0] for row in ask(self.draw_many, (count,)))

    def last(self, sql: SqlConnection) -> int:
        return int(sql.rows(self.last_drawn)[0][0])

    def count_on(self, sql: SqlConnection, least: int) -> None:
        sql.rows(self.raise_to, (least,))

    @cached_property
    def draw_many(self) -> Statement:
        """So many sequences."""
        numbers = func.generate_series(literal_column("1"), bindparam("count", type_=BigInteger()))
        drawn: Query = select(self._sequence.next_value()).select_from(numbers.alias("n"))
        return Statement(drawn, ["count"])

    @cached_property
    def last_drawn(self) -> Statement:
        """The last sequence drawn."""
        last: ColumnElement[int] = literal_column("CASE WHEN is_called THEN last_value ELSE 0 END")
        return Statement(select(last).select_from(text(quoted(self._sequence))), [])

    @cached_property
    def raise_to(self) -> Statement:
        """Draw the next sequence above a number; never below what was drawn."""
        return raised_to(self._sequence)


def raised_to(sequence: Sequence) -> Statement:
    """Draw what comes next above the parameter `least`; never below what was drawn.

    A sequence that nobody has drawn from stands at 1 and gives that out first.
    """
    relation = quoted(sequence)
    last: ColumnElement[int] = column("last_value", BigInteger())
    least: ColumnElement[int] = bindparam("least", type_=BigInteger())
    is_drawn = or_(column("is_called", Boolean()), least >= last)
    name: ColumnElement[Any] = cast(literal(relation, Text()), postgresql.REGCLASS)
    moved = select(func.setval(name, func.greatest(least, last), is_drawn))
    return Statement(moved.select_from(text(relation)), ["least"])


def sequence_of_events(tables: PostgresqlTables) -> Sequence:
    """What PostgreSQL draws the ids of events from; it made it with the column."""
    return Sequence(f"{tables.events.name}_{tables.events.c.id.name}_seq", schema=tables.schema)
