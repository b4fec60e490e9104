"""What statements are made of, as each engine spells it.

A new table needs nothing else of an engine: `insert_new`, `upsert`, `given` and `locked` are
enough for most, beside what SQLAlchemy spells for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Integer, Table, bindparam, literal_column
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.selectable import FromClause

from .schema import Tables
from .statement import Query, Row

ONE: Final[ColumnElement[int]] = literal_column("1")


class SqlSyntax:
    """The spelling of one engine, for one set of tables."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def insert_new(
        self, table: Table, values: Mapping[str, ColumnElement[Any]], *, key: Sequence[str]
    ) -> Insert:
        """Write a row unless one with this unique key is there; 1 or 0 rows written.

        Drivers that count matched rows say 1 for one that was there on MariaDB and MySQL.
        """
        raise NotImplementedError

    def upsert(
        self,
        table: Table,
        values: Mapping[str, ColumnElement[Any]],
        *,
        key: Sequence[str],
        changes: Sequence[str],
        where: ColumnElement[bool] | None = None,
    ) -> Insert:
        """Write a row; where one with this key is there, change these columns of it.

        A changed column that has no value becomes NULL. With `where`, only a row that fulfils it
        is changed. Some engines change column by column: those that `where` asks for come last.
        """
        raise NotImplementedError

    def given(
        self, columns: Mapping[str, ColumnElement[Any]], parameter: str = "rows"
    ) -> FromClause:
        """The rows of one parameter, a text from `rows_text`, whose columns have these types."""
        raise NotImplementedError

    def rows_text(self, names: Sequence[str], rows: Sequence[Row]) -> str:
        """Rows as the text that `given` takes, their values in the order of its columns."""
        raise NotImplementedError

    def locked(self, query: Query, *, of: Table | None = None, passes_over: bool = False) -> Query:
        """A query whose rows, or those of one table, are locked, where there are such locks.

        With `passes_over`, what others have locked is left out instead of waited for.
        """
        return query.with_for_update(key_share=True, skip_locked=passes_over, of=of)

    def contains(self, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        """Whether a column's text contains this one, letter by letter."""
        raise NotImplementedError

    def by_index(self, query: Query, table: Table, index: str) -> Query:
        """A query that goes by an index of this table, where the planner may not see to it."""
        del table, index
        return query

    def bound(self, name: str) -> ColumnElement[int]:
        """A parameter of LIMIT or OFFSET."""
        return bindparam(name, type_=Integer())

    def first(self, query: Query) -> Query:
        """The first rows of a query, as many as the parameter `most` says."""
        return query.limit(self.bound("most"))
