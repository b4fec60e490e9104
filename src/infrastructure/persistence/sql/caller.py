"""The caller's own transaction: the same statements on a SQLAlchemy connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import attrs
from sqlalchemy import Connection, inspect

from ....core.domain.errors import ConnectionRefused, DifferentDatabase
from .grammar import Grammar
from .mapping import Row
from .session import Session
from .statement import Core, Parameters, Statement

T = TypeVar("T")
Unit = Callable[[Session], T]


@attrs.frozen(eq=False)
class CallerSession(Session):
    """Statements as Core on a caller's connection, with whatever driver it has."""

    connection: Connection
    spoken: Grammar

    @property
    def grammar(self) -> Grammar:
        """See the port."""
        return self.spoken

    def rows(self, statement: Statement, parameters: Parameters = ()) -> Sequence[Row]:
        """See the port."""
        return self.connection.execute(statement.core, statement.named(parameters)).fetchall()

    def write(self, statement: Statement, parameters: Parameters = ()) -> int:
        """See the port."""
        return self.connection.execute(statement.core, statement.named(parameters)).rowcount

    def write_many(self, statement: Statement, parameters: Sequence[Parameters]) -> int:
        """See the port. One by one: drivers disagree on the row count of a batch."""
        return sum(self.write(statement, values) for values in parameters)

    def select(self, core: Core) -> Sequence[Row]:
        """See the port."""
        return self.connection.execute(core).fetchall()

    def execute(self, core: Core) -> int:
        """See the port."""
        return self.connection.execute(core).rowcount


class Host(Protocol):
    """A queue's database, as the host of a caller's transaction."""

    url: str
    store_id: str
    grammar: Grammar
    wanted: str
    """What a caller may bring, in words."""

    def is_spoken_by(self, dialect: str) -> bool:
        """Whether a connection of this dialect can be one to this kind of database."""
        ...

    def session_on(self, connection: object) -> Session | None:
        """A session on a connection of the driver itself; None for anything else.

        Raises `DifferentDatabase` and `ConnectionRefused`.
        """
        ...

    def require_driver(self, connection: Connection) -> None:
        """Raise `ConnectionRefused` for a driver that does not go with ours."""
        ...

    def require_transaction(self, connection: Connection) -> None:
        """Make sure that the caller's end of the transaction decides about what is written."""
        ...


def run_within(connection: object, unit: Unit[T], host: Host) -> T:
    """Run a unit on a `Connection` or `Session`, neither committing nor rolling back.

    Raises `DifferentDatabase` where the queue does not live in that database, and
    `ConnectionRefused` for anything else than a connection, for AUTOCOMMIT, and inside a
    SAVEPOINT that may be no part of a transaction.
    """
    from sqlalchemy.orm import Session as OrmSession  # its import is felt; only callers need it

    match connection:
        case Connection():
            return _run(connection, unit, host)
        case OrmSession():
            connection.flush()
            return _run(connection.connection(), unit, host)
        case _:
            session = host.session_on(connection)
            if session is None:
                kind = type(connection).__name__
                raise ConnectionRefused(f"must be {host.wanted}, not {kind}")
            return unit(session)


async def run_within_async(connection: Any, unit: Unit[T], host: Host) -> T:
    """`run_within` for an `AsyncConnection` or `AsyncSession`, and for the sync ones."""
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

    if isinstance(connection, AsyncConnection | AsyncSession):
        return await connection.run_sync(run_within, unit, host)
    return run_within(connection, unit, host)


def _run(connection: Connection, unit: Unit[T], host: Host) -> T:
    if not host.is_spoken_by(connection.dialect.name):
        raise DifferentDatabase(host.url)
    host.require_driver(connection)
    session = CallerSession(connection, host.grammar)
    if _store_id(connection, session) != host.store_id:
        raise DifferentDatabase(host.url)
    host.require_transaction(connection)
    return unit(session)


def _store_id(connection: Connection, session: CallerSession) -> str | None:
    """The id in the meta table, looked up through the catalog so that nothing can fail."""
    meta = session.grammar.tables.meta
    if not inspect(connection).has_table(meta.name, schema=meta.schema):
        return None
    rows = session.rows(session.grammar.statements.store_id)
    return str(rows[0][0]) if rows else None
