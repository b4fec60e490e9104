"""How MariaDB and MySQL spell what statements are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Integer,
    SmallInteger,
    Table,
    Text,
    bindparam,
    column,
    func,
    literal,
    literal_column,
    null,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import IdentifierPreparer
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.selectable import TableValuedAlias

from ..encoding import json_text
from ..statement import Query, Row
from ..syntax import SqlSyntax
from .joins import StraightJoin
from .schema import MysqlTables

KEY: Final = ("of_key",)
_PREPARER: Final[IdentifierPreparer] = mysql.dialect().identifier_preparer


class MysqlSyntax(SqlSyntax):
    """Rows come as a JSON list of lists. Indexes are named where the planner may err."""

    tables: MysqlTables

    def insert_new(
        self, table: Table, values: Mapping[str, ColumnElement[Any]], *, key: Sequence[str]
    ) -> Insert:
        """IGNORE would leave out whatever is wrong with a row."""
        new = mysql.insert(table).values(values)
        return new.on_duplicate_key_update({key[0]: table.c[key[0]]})

    def upsert(
        self,
        table: Table,
        values: Mapping[str, ColumnElement[Any]],
        *,
        key: Sequence[str],
        changes: Sequence[str],
        where: ColumnElement[bool] | None = None,
    ) -> Insert:
        """One column after the other, each by what those before it have become."""
        del key
        new = mysql.insert(table).values(values)

        def changed(name: str) -> ColumnElement[Any]:
            value: ColumnElement[Any] = new.inserted[name] if name in values else null()
            return value if where is None else func.IF(where, value, table.c[name])

        return new.on_duplicate_key_update([(name, changed(name)) for name in changes])

    def given(
        self, columns: Mapping[str, ColumnElement[Any]], parameter: str = "rows"
    ) -> TableValuedAlias:
        typed = (column(name, of.type) for name, of in columns.items())
        spelt = ", ".join(
            f"{_PREPARER.quote(name)} {self._spelt(of)} PATH '$[{place}]'"
            for place, (name, of) in enumerate(columns.items())
        )
        path: ColumnElement[Any] = literal_column(f"'$[*]' COLUMNS ({spelt})")
        rows = func.json_table(bindparam(parameter, type_=Text()), path)
        return rows.table_valued(*typed, name="given")

    def _spelt(self, column: ColumnElement[Any]) -> str:
        """A type as JSON_TABLE takes it."""
        if isinstance(column.type, BigInteger | Integer | SmallInteger):
            return "BIGINT"
        length = getattr(column.type, "length", None)
        type_ = "LONGTEXT" if length is None else f"VARCHAR({length})"
        return f"{type_} CHARACTER SET utf8mb4 COLLATE {self.tables.collation}"

    def given_jobs(self, names: Sequence[str] = KEY) -> tuple[TableValuedAlias, StraightJoin]:
        """The given rows, each with the job whose key it names."""
        jobs = self.tables.jobs
        rows = self.given({name: jobs.c[name.removeprefix("of_")] for name in names})
        return rows, StraightJoin(rows, jobs, jobs.c.key == rows.c.of_key)

    def rows_text(self, names: Sequence[str], rows: Sequence[Row]) -> str:
        return json_text(rows)

    def contains(self, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        return func.instr(column, literal(text, Text())) > literal_column("0")

    def by_index(self, query: Query, table: Table, index: str) -> Query:
        """Left alone, the planner may read a whole table where most rows are NULL."""
        return query.with_hint(table, f"FORCE INDEX ({self.tables.prefix}{index})")


def keys_text(keys: Sequence[int]) -> str:
    """Keys as rows of one value."""
    return json_text([(key,) for key in keys])
