"""How PostgreSQL spells what statements are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, Table, Text, bindparam, cast, column, func, literal, literal_column
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.selectable import TableValuedAlias

from ..encoding import json_text
from ..statement import Row
from ..syntax import SqlSyntax


class PostgresqlSyntax(SqlSyntax):
    """Rows come as a JSON list of objects; what an object leaves out is NULL."""

    def insert_new(
        self, table: Table, values: Mapping[str, ColumnElement[Any]], *, key: Sequence[str]
    ) -> Insert:
        return postgresql.insert(table).values(values).on_conflict_do_nothing(index_elements=[*key])

    def upsert(
        self,
        table: Table,
        values: Mapping[str, ColumnElement[Any]],
        *,
        key: Sequence[str],
        changes: Sequence[str],
        where: ColumnElement[bool] | None = None,
    ) -> Insert:
        new = postgresql.insert(table).values(values)
        changed = {name: new.excluded[name] for name in changes}
        return new.on_conflict_do_update(index_elements=[*key], set_=changed, where=where)

    def given(
        self, columns: Mapping[str, ColumnElement[Any]], parameter: str = "rows"
    ) -> TableValuedAlias:
        rows = cast(bindparam(parameter, type_=Text()), JSON)
        typed = (column(name, of.type) for name, of in columns.items())
        records = func.json_to_recordset(rows).table_valued(*typed, name="new")
        return records.render_derived(with_types=True)

    def rows_text(self, names: Sequence[str], rows: Sequence[Row]) -> str:
        return json_text(
            [
                {name: value for name, value in zip(names, row, strict=True) if value is not None}
                for row in rows
            ]
        )

    def contains(self, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        return func.strpos(column, literal(text, Text())) > literal_column("0")
