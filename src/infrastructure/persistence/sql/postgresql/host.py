"""A PostgreSQL database as the host of a caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from sqlalchemy import Connection

from .....core.domain.errors import ConnectionRefused, DifferentDatabase
from ..caller import CallerSession, Host, has_queue
from ..grammar import Grammar
from ..session import Session
from ..whereabouts import NOWHERE, Whereabouts, found_on
from .driver import PostgresqlDriver
from .session import PostgresqlSession, Text, joined


class BorrowedSession(PostgresqlSession):
    """Statements by cursors of ours: the caller's may make rows, or take parameters, otherwise."""

    def executed(self, texts: Sequence[Text]) -> Any:
        """See the base class."""
        import psycopg
        from psycopg.rows import tuple_row

        text, values = joined(texts)
        cursor: Any = psycopg.ClientCursor(self.connection, row_factory=tuple_row)
        return cursor.execute(text, values)


@attrs.frozen(eq=False)
class PostgresqlHost(Host):
    """See the protocol."""

    driver: PostgresqlDriver
    where: Whereabouts
    grammar: Grammar
    url: str
    wanted: str = "a SQLAlchemy Connection or Session, or a connection of psycopg"

    def is_spoken_by(self, dialect: str) -> bool:
        """See the protocol."""
        return dialect == "postgresql"

    def session_on(self, connection: object) -> Session | None:
        """See the protocol."""
        psycopg = self.driver.psycopg
        if not isinstance(connection, psycopg.Connection):
            return None
        session = BorrowedSession(connection, self.driver.spoken)
        relation = self.grammar.tables.meta.fullname
        found = session.executed([("SELECT to_regclass(%s)", (relation,))]).fetchone()
        if found[0] is None:
            raise DifferentDatabase(self.url)
        self.where.require(found_on(session))
        idle = psycopg.pq.TransactionStatus.IDLE
        if session.connection.info.transaction_status == idle:
            raise ConnectionRefused("is in autocommit mode; it needs a transaction")
        return session

    def require_place(self, session: CallerSession) -> None:
        """See the protocol."""
        self.where.require(found_on(session) if has_queue(session) else NOWHERE)

    def require_driver(self, connection: Connection) -> None:
        """See the protocol. Whatever speaks PostgreSQL will do."""

    def require_transaction(self, connection: Connection) -> None:
        """See the protocol."""
        own = connection.connection.dbapi_connection
        if own is not None and connection.dialect.detect_autocommit_setting(own):
            raise ConnectionRefused("is in AUTOCOMMIT mode; it needs a transaction")
