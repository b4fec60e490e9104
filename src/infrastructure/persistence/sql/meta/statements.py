"""The statements about the table `meta`: named facts, each a text."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.sql import ColumnElement

from ....cached_property import cached_property
from ..statement import Statement
from ..syntax import SqlSyntax

STORE_ID: Final = "store_id"
"""The name of the random id that tells this database from all others."""
NAMED: Final = ("name", "value")


class MetaStatements:
    """Statements over the table `meta`. Each names its parameters in order."""

    def __init__(self, syntax: SqlSyntax) -> None:
        self.syntax = syntax
        self.tables = syntax.tables

    @cached_property
    def store_id(self) -> Statement:
        """The id of the store."""
        meta = self.tables.meta.c
        is_id = meta.name == literal_column(f"'{STORE_ID}'")
        return Statement(select(meta.value).where(is_id), [])

    @cached_property
    def id_and_place(self) -> Statement:
        """The id of the store, and the place of the database that it is in; on servers."""
        meta = self.tables.meta.c
        is_id = meta.name == literal_column(f"'{STORE_ID}'")
        return Statement(select(meta.value, self.tables.place).where(is_id), [])

    @cached_property
    def insert_new(self) -> Statement:
        """Write a fact unless one of this name is there."""
        new = self.syntax.insert_new(self.tables.meta, self._values, key=["name"])
        return Statement(new, NAMED)

    @cached_property
    def save(self) -> Statement:
        """Write a fact, whether it is there or not."""
        meta = self.tables.meta
        saved = self.syntax.upsert(meta, self._values, key=["name"], changes=["value"])
        return Statement(saved, NAMED)

    @property
    def _values(self) -> dict[str, ColumnElement[Any]]:
        return {name: bindparam(name) for name in NAMED}
