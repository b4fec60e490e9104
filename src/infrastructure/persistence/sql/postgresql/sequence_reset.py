"""Sequences set by hand, for rows that bring their numbers with them."""

from __future__ import annotations

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
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import URL
from sqlalchemy.sql import ColumnElement

from ..statement import Statement
from .schema import PostgresqlTables


def count_on(sequence: Sequence) -> Statement:
    """Draw what comes next above the parameter `least`; never below what was drawn.

    A sequence that nobody has drawn from stands at 1 and gives that out first.
    """
    relation = (
        URL.create("postgresql").get_dialect()().identifier_preparer.format_sequence(sequence)
    )
    last: ColumnElement[int] = column("last_value", BigInteger())
    least: ColumnElement[int] = bindparam("least", type_=BigInteger())
    is_drawn = or_(column("is_called", Boolean()), least >= last)
    name: ColumnElement[Any] = cast(literal(relation, Text()), postgresql.REGCLASS)
    moved = select(func.setval(name, func.greatest(least, last), is_drawn))
    return Statement(moved.select_from(text(relation)), ["least"])


def sequence_of_events(tables: PostgresqlTables) -> Sequence:
    """What PostgreSQL draws the ids of events from; it made it with the column."""
    return Sequence(f"{tables.events.name}_{tables.events.c.id.name}_seq", schema=tables.schema)
