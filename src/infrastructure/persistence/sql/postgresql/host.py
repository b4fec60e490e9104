"""A PostgreSQL database as the host of a caller's transaction."""

from __future__ import annotations

import attrs
from sqlalchemy import Connection

from .....core.domain.errors import ConnectionRefused, DifferentDatabase
from ..caller import Host
from ..grammar import Grammar
from ..session import Session
from .driver import PostgresqlDriver
from .session import PostgresqlSession


@attrs.frozen(eq=False)
class PostgresqlHost(Host):
    """See the protocol."""

    driver: PostgresqlDriver
    store_id: str
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
        session = PostgresqlSession(connection, self.driver.spoken)
        relation = self.grammar.tables.meta.fullname
        found = session.connection.execute("SELECT to_regclass(%s)", (relation,)).fetchone()
        if found[0] is None:
            raise DifferentDatabase(self.url)
        rows = session.rows(self.grammar.statements.store_id)
        if not rows or rows[0][0] != self.store_id:
            raise DifferentDatabase(self.url)
        idle = psycopg.pq.TransactionStatus.IDLE
        if session.connection.info.transaction_status == idle:
            raise ConnectionRefused("is in autocommit mode; it needs a transaction")
        return session

    def require_driver(self, connection: Connection) -> None:
        """See the protocol. Whatever speaks PostgreSQL will do."""

    def require_transaction(self, connection: Connection) -> None:
        """See the protocol."""
        own = connection.connection.dbapi_connection
        if own is not None and connection.dialect.detect_autocommit_setting(own):
            raise ConnectionRefused("is in AUTOCOMMIT mode; it needs a transaction")
