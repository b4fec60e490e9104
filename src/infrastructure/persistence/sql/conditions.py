"""What the statements of every engine are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Integer, bindparam, literal_column
from sqlalchemy.sql import ColumnElement, Select

from . import mapping
from .queues.statements import QueueStatements
from .schema import Tables

ONE: Final[ColumnElement[int]] = literal_column("1")
Query = Select[*tuple[Any, ...]]
_NULL: Final[ColumnElement[Any]] = literal_column("NULL")
_BLANK: Final[ColumnElement[Any]] = literal_column("''")


LEFT_OUT: Final[Mapping[str, ColumnElement[Any]]] = {
    "data": _BLANK.label("data"),
    **{name: _NULL.label(name) for name in ("progress", "state", "result")},
}
"""What stands in for these columns of a bare job."""


class Conditions(QueueStatements):
    """Conditions and bounds over one set of tables."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self.loaded = tuple(tables.jobs.c[name] for name in mapping.LOADED)
        """The columns of a job, in the order in which `job_from_row` takes them."""
        self.bare = tuple(LEFT_OUT.get(column.name, column) for column in self.loaded)
        """The same, but for what may be large."""

    def bound(self, name: str) -> ColumnElement[int]:
        """A parameter of LIMIT or OFFSET."""
        return bindparam(name, type_=Integer())

    def first(self, query: Query) -> Query:
        """The first rows of a query, as many as the parameter `most` says."""
        return query.limit(self.bound("most"))

    def is_in(self, status: str) -> ColumnElement[bool]:
        """Whether a job has this status, an SQL literal."""
        return self.tables.jobs.c.status == literal_column(status)

    def is_among(self, statuses: str) -> ColumnElement[bool]:
        """Whether a job has one of these statuses, a list of SQL literals."""
        return self.tables.jobs.c.status.op("IN")(literal_column(f"({statuses})"))
