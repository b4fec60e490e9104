"""How SQLite spells what statements are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Table, Text, bindparam, func, literal_column, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.selectable import FromClause

from ..encoding import json_text
from ..statement import BULK, Query, Row, Statement
from ..syntax import SqlSyntax

Values = dict[str, BindParameter[Any]]


class SqliteSyntax(SqlSyntax):
    """Rows come as a JSON list of lists. There are no row locks, and no need of them."""

    def insert_new(
        self, table: Table, values: Mapping[str, ColumnElement[Any]], *, key: Sequence[str]
    ) -> Insert:
        return sqlite.insert(table).values(values).on_conflict_do_nothing(index_elements=[*key])

    def upsert(
        self,
        table: Table,
        values: Mapping[str, ColumnElement[Any]],
        *,
        key: Sequence[str],
        changes: Sequence[str],
        where: ColumnElement[bool] | None = None,
    ) -> Insert:
        new = sqlite.insert(table).values(values)
        changed = {name: new.excluded[name] for name in changes}
        return new.on_conflict_do_update(index_elements=[*key], set_=changed, where=where)

    def given(
        self, columns: Mapping[str, ColumnElement[Any]], parameter: str = "rows"
    ) -> FromClause:
        rows = func.json_each(bindparam(parameter, type_=Text())).table_valued("value", name="each")
        values = (
            func.json_extract(rows.c.value, literal_column(f"'$[{place}]'"), type_=of.type).label(
                name
            )
            for place, (name, of) in enumerate(columns.items())
        )
        return select(*values).subquery("given")

    def rows_text(self, names: Sequence[str], rows: Sequence[Row]) -> str:
        return json_text(rows)

    def contains(self, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        return func.instr(column, text) > literal_column("0")

    def bound(self, name: str) -> ColumnElement[int]:
        """A parameter of LIMIT or OFFSET, in a sum: newer SQLite plans anew for a bare one."""
        return super().bound(name) + literal_column("0")

    def first(self, query: Query) -> Query:
        """The first rows; SQLite writes a bare OFFSET parameter where none is given."""
        return super().first(query).offset(literal_column("0"))


def inserting(table: Table, names: Sequence[str], *, on_taken: Sequence[str] = ()) -> Statement:
    """An insert of one row, or of many at once; a taken unique key leaves its row out."""

    def of(rows: Sequence[Values], parameters: Sequence[str]) -> Statement:
        statement = sqlite.insert(table).values(rows if len(rows) > 1 else rows[0])
        if on_taken:
            statement = statement.on_conflict_do_nothing(index_elements=list(on_taken))
        return Statement(statement, parameters, bulk=bulk if len(rows) == 1 else None)

    def row(suffix: str = "") -> Values:
        return {name: bindparam(name + suffix) for name in names}

    def bulk() -> Statement:
        places = range(BULK)
        parameters = [f"{name}_{place}" for place in places for name in names]
        return of([row(f"_{place}") for place in places], parameters)

    return of([row()], names)
