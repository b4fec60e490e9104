"""The statements about the event log, as PostgreSQL needs them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import (
    JSON,
    Integer,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from .. import mapping
from ..statement import Statement
from ..statements import Query, Statements
from .names import quoted
from .schema import PostgresqlTables


class PostgresqlEventStatements(Statements):
    """Several events come as one JSON text: a list of objects without their NULLs."""

    tables: PostgresqlTables

    @cached_property
    def append_events(self) -> Statement:
        """Write events."""
        events, rows = self.tables.events, self.told("rows")
        new = events.insert().from_select(
            list(mapping.EVENT), select(*(rows.c[name] for name in mapping.EVENT))
        )
        return Statement(new, ["rows"])

    def told(self, parameter: str) -> TableValuedAlias:
        """Events that come as a JSON list; `place` is where each stands in it."""
        columns = [column(name, self.tables.events.c[name].type) for name in mapping.EVENT]
        return records([*columns, column("place", Integer())], parameter)

    @cached_property
    def event_writers(self) -> Statement:
        """The open transactions of others that have written events.

        Whoever has drawn an id of an event has had this lock on the table since before.
        """
        lock = table(
            "pg_locks",
            *map(column, ("virtualtransaction", "relation", "mode", "locktype", "granted", "pid")),
        )
        events = literal(quoted(self.tables.events), Text())
        writers: Query = select(lock.c.virtualtransaction).where(
            lock.c.locktype == literal_column("'relation'"),
            lock.c.relation == cast(events, postgresql.REGCLASS),
            lock.c.mode == literal_column("'RowExclusiveLock'"),
            lock.c.granted,
            lock.c.pid != func.pg_backend_pid(),
        )
        return Statement(writers, [])

    @cached_property
    def notify(self) -> Statement:
        """Tell those who listen, when this transaction commits."""
        told = func.pg_notify(bindparam("channel", type_=Text()), bindparam("note", type_=Text()))
        return Statement(select(told), ["channel", "note"])


def records(columns: Sequence[ColumnElement[Any]], parameter: str = "rows") -> TableValuedAlias:
    """The rows of a JSON parameter."""
    rows = cast(bindparam(parameter, type_=Text()), JSON)
    return (
        func.json_to_recordset(rows)
        .table_valued(*columns, name="new")
        .render_derived(with_types=True)
    )
