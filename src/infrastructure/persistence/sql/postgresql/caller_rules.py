"""A PostgreSQL database as the host of a caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from sqlalchemy import Connection

from .....core.domain.store_errors import ConnectionRefused, DifferentDatabase
from ..caller import CallerConnection, CallerRules, has_queue
from ..dialect import SqlDialect
from ..meta.whereabouts import NOWHERE, Whereabouts, found_on
from ..sql_connection import SqlConnection
from .driver import PostgresqlDriver
from .sql_connection import PostgresqlConnection, Text, joined


class BorrowedConnection(PostgresqlConnection):
    """Statements by cursors of ours: the caller's may make rows, or take parameters, otherwise."""

    def executed(self, texts: Sequence[Text]) -> Any:
        """See the base class."""
        import psycopg
        from psycopg.rows import tuple_row

        text, values = joined(texts)
        cursor: Any = psycopg.ClientCursor(self.connection, row_factory=tuple_row)
        return cursor.execute(text, values)


@attrs.frozen(eq=False)
class PostgresqlCallerRules(CallerRules):
    """What a caller's connection to PostgreSQL must fulfil."""

    driver: PostgresqlDriver
    where: Whereabouts
    dialect: SqlDialect
    url: str
    wanted: str = "a SQLAlchemy Connection or Session, or a connection of psycopg"

    def is_spoken_by(self, dialect: str) -> bool:
        return dialect == "postgresql"

    def sql_on(self, connection: object) -> SqlConnection | None:
        psycopg = self.driver.psycopg
        if not isinstance(connection, psycopg.Connection):
            return None
        sql = BorrowedConnection(connection, self.driver.dialect)
        relation = self.dialect.tables.meta.fullname
        found = sql.executed([("SELECT to_regclass(%s)", (relation,))]).fetchone()
        if found[0] is None:
            raise DifferentDatabase(self.url)
        self.where.require(found_on(sql))
        idle = psycopg.pq.TransactionStatus.IDLE
        if sql.connection.info.transaction_status == idle:
            raise ConnectionRefused("is in autocommit mode; it needs a transaction")
        return sql

    def require_place(self, sql: CallerConnection) -> None:
        self.where.require(found_on(sql) if has_queue(sql) else NOWHERE)

    def require_driver(self, connection: Connection) -> None:
        """Whatever speaks PostgreSQL will do."""

    def require_transaction(self, connection: Connection) -> None:
        own = connection.connection.dbapi_connection
        if own is not None and connection.dialect.detect_autocommit_setting(own):
            raise ConnectionRefused("is in AUTOCOMMIT mode; it needs a transaction")
