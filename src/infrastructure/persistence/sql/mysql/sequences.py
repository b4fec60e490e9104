"""Where sequences come from: a counter that no transaction holds, however long it stays open."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Table,
    Text,
    bindparam,
    column,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    table,
)
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from ....cached_property import cached_property
from ..encoding import json_text
from ..sequences import Sequences
from ..sql_connection import SqlConnection
from ..statement import Statement
from .joins import JoinedDelete, StraightJoin
from .schema import MariadbTables, MysqlTables

AT_ONCE: Final = 1_024
"""Rows of one insert into the side table."""


class SequenceObject(Sequences):
    """MariaDB's SEQUENCE, without a cache: so it says exactly how far it has come."""

    def __init__(self, tables: MariadbTables) -> None:
        self._name = tables.sequence.name

    def draw(self, sql: SqlConnection, count: int) -> Sequence[int]:
        return sorted(row[0] for row in sql.rows(self._draw, (json_text([0] * count),)))

    def last(self, sql: SqlConnection) -> int:
        return int(sql.rows(self._next)[0][0]) - 1

    def count_on(self, sql: SqlConnection, least: int) -> None:
        """SETVAL leaves alone what has come further."""
        if least > self.last(sql):
            sql.rows(self._set, (least,))

    @property
    def _spelt(self) -> ColumnElement[Any]:
        return literal_column(self._name)

    @cached_property
    def _draw(self) -> Statement:
        given = _numbers()
        return Statement(select(func.nextval(self._spelt)).select_from(given), ["rows"])

    @cached_property
    def _next(self) -> Statement:
        following = column("next_not_cached_value", BigInteger())
        return Statement(select(following).select_from(table(self._name)), [])

    @cached_property
    def _set(self) -> Statement:
        return Statement(select(func.setval(self._spelt, bindparam("least"))), ["least"])


class SideTable(Sequences):
    """An AUTO_INCREMENT: it counts on at once, and for good, whatever the transaction does.

    The rows are deleted again in the transaction that drew them, by key, so that it locks
    nothing but them. A statement that inserts a known number of rows gets numbers at even
    distances (MySQL manual, "InnoDB AUTO_INCREMENT Lock Modes").
    """

    def __init__(self, drawn: Table) -> None:
        self._drawn = drawn
        self._insert = cache(self._make_insert)

    def draw(self, sql: SqlConnection, count: int) -> Sequence[int]:
        """Some are thrown away: there is an insert for each power of two."""
        values: list[int] = []
        while len(values) < count:
            size = min(1 << (count - len(values) - 1).bit_length(), AT_ONCE)
            values += self._draw(sql, size)
        return values[:count]

    def last(self, sql: SqlConnection) -> int:
        return int(sql.rows(self._next)[0][0] or 1) - 1

    def count_on(self, sql: SqlConnection, least: int) -> None:
        """A row with that number moves the counter behind it."""
        if least > self.last(sql):
            sql.write(self._insert_one, (least,))
            sql.write(self._delete, (json_text([least]),))

    def _draw(self, sql: SqlConnection, size: int) -> Sequence[int]:
        sql.write(self._insert(size))
        first, distance = sql.rows(self._first)[0]
        drawn = range(int(first), int(first) + size * int(distance), int(distance))
        sql.write(self._delete, (json_text(list(drawn)),))
        return drawn

    def _make_insert(self, size: int) -> Statement:
        return Statement(insert(self._drawn).values([{"value": null()}] * size), [])

    @cached_property
    def _insert_one(self) -> Statement:
        return Statement(insert(self._drawn).values(value=bindparam("value")), ["value"])

    @cached_property
    def _first(self) -> Statement:
        distance: ColumnElement[int] = literal_column("@@auto_increment_increment")
        return Statement(select(func.last_insert_id(), distance), [])

    @cached_property
    def _delete(self) -> Statement:
        given = _numbers()
        joined = StraightJoin(given, self._drawn, self._drawn.c.value == given.c.number)
        return Statement(JoinedDelete(joined), ["rows"])

    @cached_property
    def _next(self) -> Statement:
        catalog = table("tables", schema="information_schema")
        here = column("table_schema") == func.database()
        named = column("table_name") == literal(self._drawn.name)
        following = column("auto_increment", BigInteger())
        return Statement(select(following).select_from(catalog).where(here, named), [])


def _numbers() -> TableValuedAlias:
    """The numbers of the parameter `rows`, a JSON list."""
    path: ColumnElement[Any] = literal_column("'$[*]' COLUMNS (number BIGINT PATH '$')")
    rows = func.json_table(bindparam("rows", type_=Text()), path)
    return rows.table_valued(column("number", BigInteger()), name="given")


def sequences_of(tables: MysqlTables) -> Sequences:
    """What these tables have for it."""
    if isinstance(tables, MariadbTables):
        return SequenceObject(tables)
    return SideTable(tables.drawn)
