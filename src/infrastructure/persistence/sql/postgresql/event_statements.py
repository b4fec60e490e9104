"""The statements about the event log, as PostgreSQL needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Integer,
    Text,
    bindparam,
    cast,
    column,
    extract,
    func,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from ....cached_property import cached_property
from .. import mapping
from ..conditions import ONE, Query
from ..statement import Statement
from ..statements import Statements
from .names import quoted
from .schema import PostgresqlTables

_LOCK = table(
    "pg_locks",
    *map(column, ("virtualtransaction", "relation", "mode", "locktype", "granted", "pid")),
)
_ACTIVITY = table("pg_stat_activity", *map(column, ("pid", "xact_start")))


class PostgresqlEventStatements(Statements):
    """Several events come as one JSON text: a list of objects without their NULLs."""

    tables: PostgresqlTables

    @cached_property
    def append_event(self) -> Statement:
        """Write one event."""
        new = self.tables.events.insert().values({name: bindparam(name) for name in mapping.EVENT})
        return Statement(new.inline(), mapping.EVENT)

    @cached_property
    def append_events(self) -> Statement:
        """Write events."""
        events, rows = self.tables.events, self.event_rows("rows")
        new = events.insert().from_select(
            list(mapping.EVENT), select(*(rows.c[name] for name in mapping.EVENT))
        )
        return Statement(new, ["rows"])

    def event_rows(self, parameter: str) -> TableValuedAlias:
        """Events that come as a JSON list; `place` is where each stands in it."""
        columns = [column(name, self.tables.events.c[name].type) for name in mapping.EVENT]
        return records([*columns, column("place", Integer())], parameter)

    @cached_property
    def event_writers(self) -> Statement:
        """The open transactions of others that have written events; prepared ones, too.

        Whoever has drawn an id of an event has had this lock on the table since before. One that
        is prepared has no process.
        """
        return Statement(select(_LOCK.c.virtualtransaction).where(*self._writing), [])

    @cached_property
    def longest_writer(self) -> Statement:
        """For how many seconds one of them is open, as far as one may know; else 0."""
        began = func.min(_ACTIVITY.c.xact_start)
        seconds = extract("epoch", func.clock_timestamp() - began)
        both = _LOCK.join(_ACTIVITY, _ACTIVITY.c.pid == _LOCK.c.pid)
        longest: Query = (
            select(func.coalesce(seconds, literal_column("0")))
            .select_from(both)
            .where(*self._writing)
        )
        return Statement(longest, [])

    @property
    def _writing(self) -> Sequence[ColumnElement[bool]]:
        events = literal(quoted(self.tables.events), Text())
        return (
            _LOCK.c.locktype == literal_column("'relation'"),
            _LOCK.c.relation == cast(events, postgresql.REGCLASS),
            _LOCK.c.mode == literal_column("'RowExclusiveLock'"),
            _LOCK.c.granted,
            _LOCK.c.pid.is_distinct_from(func.pg_backend_pid()),
        )

    @cached_property
    def next_event_ids(self) -> Statement:
        """The ids of the events behind an id."""
        id_ = self.tables.events.c.id
        ids: Query = select(id_).where(id_ > bindparam("after_id")).order_by(id_)
        return Statement(self.first(ids), ["after_id", "most"])

    @cached_property
    def old_event(self) -> Statement:
        """The id of the newest event that is older, by so much, than the newest of all."""
        event = self.tables.events.c
        newest = select(event.at).order_by(event.id.desc()).limit(ONE).scalar_subquery()
        old: Query = select(event.id).where(event.at < newest - bindparam("by", type_=BigInteger()))
        return Statement(old.order_by(event.id.desc()).limit(ONE), ["by"])

    @cached_property
    def notify(self) -> Statement:
        """Tell those who listen, when this transaction commits."""
        notified = func.pg_notify(
            bindparam("channel", type_=Text()), bindparam("note", type_=Text())
        )
        return Statement(select(notified), ["channel", "note"])


def records(columns: Sequence[ColumnElement[Any]], parameter: str = "rows") -> TableValuedAlias:
    """The rows of a JSON parameter."""
    rows = cast(bindparam(parameter, type_=Text()), JSON)
    return (
        func.json_to_recordset(rows)
        .table_valued(*columns, name="new")
        .render_derived(with_types=True)
    )
