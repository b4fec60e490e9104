"""Joins whose order and index are told, not chosen.

Where rows are locked, a plan that looks at others waits for those who hold them: on a small
table the planner likes to scan it all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Delete, FromClause, Join, Table, Update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler


class StraightJoin(Join):
    """For each row on the left, in their order, the rows on the right by this index."""

    inherit_cache = True

    def __init__(
        self, left: FromClause, table: Table, on: ColumnElement[bool], index: str = "PRIMARY"
    ) -> None:
        super().__init__(left, table, on)
        self.table = table
        self.on = on
        self.index = index


class JoinedUpdate(Update):
    """Writes to the rows on the right of a join; no column is named twice."""

    inherit_cache = False

    def __init__(self, join: StraightJoin, changes: Mapping[str, ColumnElement[Any]]) -> None:
        super().__init__(join.table)
        self.join = join
        self.changes = dict(changes)


class JoinedDelete(Delete):
    """Deletes the rows on the right of a join."""

    inherit_cache = False

    def __init__(self, join: StraightJoin) -> None:
        super().__init__(join.table)
        self.join = join


@compiles(StraightJoin)
def _straight_join(join: StraightJoin, compiler: SQLCompiler, **options: Any) -> str:
    options.pop("from_linter", None)
    options["asfrom"] = True
    left = compiler.process(join.left, **options)
    right = compiler.process(join.table, **options)
    on = compiler.process(join.on, **{**options, "asfrom": False})
    return f"{left} STRAIGHT_JOIN {right} FORCE INDEX ({join.index}) ON {on}"


@compiles(JoinedUpdate)
def _joined_update(update: JoinedUpdate, compiler: SQLCompiler, **_: Any) -> str:
    joined = compiler.process(update.join, asfrom=True)
    column = update.join.table.c
    changes = (
        f"{compiler.process(column[name])} = {compiler.process(value)}"
        for name, value in update.changes.items()
    )
    return f"UPDATE {joined} SET {', '.join(changes)}"  # noqa: S608 - of compiled parts


@compiles(JoinedDelete)
def _joined_delete(delete: JoinedDelete, compiler: SQLCompiler, **_: Any) -> str:
    table = compiler.process(delete.join.table, asfrom=True)
    return f"DELETE {table} FROM {compiler.process(delete.join, asfrom=True)}"
