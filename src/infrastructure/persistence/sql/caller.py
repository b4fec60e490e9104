"""The caller's own transaction: the same statements on a SQLAlchemy connection."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import attrs
from sqlalchemy import Connection, inspect

from ....core.domain.store_errors import ConnectionRefused, DifferentDatabase
from .dialect import SqlDialect
from .sql_connection import SqlConnection
from .statement import Core, Parameters, Row, Statement

T = TypeVar("T")
Unit = Callable[[SqlConnection], T]


@attrs.frozen(eq=False)
class CallerConnection(SqlConnection):
    """Statements as Core on a caller's connection, with whatever driver it has."""

    connection: Connection
    _dialect: SqlDialect

    @property
    def dialect(self) -> SqlDialect:
        return self._dialect

    def rows(self, statement: Statement, parameters: Parameters = ()) -> Sequence[Row]:
        return self.connection.execute(statement.core, statement.named(parameters)).fetchall()

    def write(self, statement: Statement, parameters: Parameters = ()) -> int:
        return self.connection.execute(statement.core, statement.named(parameters)).rowcount

    def write_many(self, statement: Statement, parameters: Sequence[Parameters]) -> int:
        """One by one: drivers disagree on the row count of a batch."""
        return sum(self.write(statement, values) for values in parameters)

    def select(self, core: Core) -> Sequence[Row]:
        return self.connection.execute(core).fetchall()

    def execute(self, core: Core) -> int:
        return self.connection.execute(core).rowcount


class CallerRules(Protocol):
    """A queue's database, as the host of a caller's transaction."""

    url: str
    dialect: SqlDialect
    wanted: str
    """What a caller may bring, in words."""

    def is_spoken_by(self, dialect: str) -> bool:
        """Whether a connection of this dialect can be one to this kind of database."""
        ...

    def sql_on(self, connection: object) -> SqlConnection | None:
        """A session on a connection of the driver itself; None for anything else.

        Raises `DifferentDatabase` and `ConnectionRefused`.
        """
        ...

    def require_place(self, sql: CallerConnection) -> None:
        """Raise `DifferentDatabase` for a connection to another database, be it a clone.

        Nothing that is looked up may fail: on some servers that ends the transaction.
        """
        ...

    def require_driver(self, connection: Connection) -> None:
        """Raise `ConnectionRefused` for a driver that does not go with ours."""
        ...

    def require_transaction(self, connection: Connection) -> None:
        """Make sure that the caller's end of the transaction decides about what is written."""
        ...


def run_within(connection: object, unit: Unit[T], rules: CallerRules) -> T:
    """Run a unit on a `Connection` or `Session`, neither committing nor rolling back.

    Raises `DifferentDatabase` where the queue does not live in that database, and
    `ConnectionRefused` for anything else than a connection, for AUTOCOMMIT, and inside a
    SAVEPOINT that may be no part of a transaction.
    """
    from sqlalchemy.orm import Session as OrmSession  # its import is felt; only callers need it

    match connection:
        case Connection():
            return _run(connection, unit, rules)
        case OrmSession():
            connection.flush()
            return _run(connection.connection(), unit, rules)
        case _:
            sql = rules.sql_on(connection)
            if sql is None:
                kind = type(connection).__name__
                raise ConnectionRefused(f"must be {rules.wanted}, not {kind}")
            return unit(sql)


async def run_within_async(connection: Any, unit: Unit[T], rules: CallerRules) -> T:
    """`run_within` for an `AsyncConnection` or `AsyncSession`, and for the sync ones."""
    if isinstance(connection, _async_kinds()):
        answer: T = await connection.run_sync(run_within, unit, rules)
        return answer
    return run_within(connection, unit, rules)


def _async_kinds() -> tuple[type[Any], ...]:
    """The classes of SQLAlchemy's async API, if anybody has them.

    Whoever has a connection of it has imported it. To import it here would fail in an install
    without greenlet, which only that API needs.
    """
    asyncio = sys.modules.get("sqlalchemy.ext.asyncio")
    kinds = (getattr(asyncio, name, None) for name in ("AsyncConnection", "AsyncSession"))
    return tuple(kind for kind in kinds if isinstance(kind, type))


def _run(connection: Connection, unit: Unit[T], rules: CallerRules) -> T:
    if not rules.is_spoken_by(connection.dialect.name):
        raise DifferentDatabase(rules.url)
    rules.require_driver(connection)
    sql = CallerConnection(connection, rules.dialect)
    rules.require_place(sql)
    rules.require_transaction(connection)
    return unit(sql)


def has_queue(sql: CallerConnection) -> bool:
    """Whether there is a table where the queue's own facts are, by the catalog."""
    meta = sql.dialect.tables.meta
    return inspect(sql.connection).has_table(meta.name, schema=meta.schema)
