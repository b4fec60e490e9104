"""A MariaDB or MySQL database as the host of a caller's transaction."""

from __future__ import annotations

import sys
from typing import Any, Final

import attrs
from sqlalchemy import Connection, text

from .....core.domain.store_errors import ConnectionRefused, DifferentDatabase
from ..caller import CallerConnection, CallerRules, has_queue
from ..dialect import SqlDialect
from ..meta.whereabouts import NOWHERE, Whereabouts, found_on
from ..sql_connection import SqlConnection
from .driver import MysqlDriver
from .sql_connection import MysqlConnection

_DRIVERS: Final = ("pymysql", "MySQLdb")
_IS_THERE: Final = (
    "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %s"
)
_AUTOCOMMIT: Final = "is in AUTOCOMMIT mode; it needs a transaction"
_IN_TRANSACTION: Final = 1
"""The flag that a server sends with each answer."""


@attrs.frozen(eq=False)
class MysqlCallerRules(CallerRules):
    """What a caller's connection to MariaDB or MySQL must fulfil."""

    driver: MysqlDriver
    where: Whereabouts
    dialect: SqlDialect
    url: str
    wanted: str = "a SQLAlchemy Connection or Session, or a connection of PyMySQL or mysqlclient"

    def is_spoken_by(self, dialect: str) -> bool:
        return dialect in {"mysql", "mariadb"}

    def sql_on(self, connection: object) -> SqlConnection | None:
        for name in _DRIVERS:
            module: Any = sys.modules.get(name)
            if module is not None and isinstance(connection, module.connections.Connection):
                return self._sql(connection, module.cursors.Cursor)
        return None

    def require_place(self, sql: CallerConnection) -> None:
        self.where.require(found_on(sql) if has_queue(sql) else NOWHERE)

    def require_driver(self, connection: Connection) -> None:
        """Whatever speaks MySQL will do."""

    def require_transaction(self, connection: Connection) -> None:
        if connection.scalar(text("SELECT @@autocommit")):
            raise ConnectionRefused(_AUTOCOMMIT)

    def _sql(self, connection: Any, cursor: Any) -> MysqlConnection:
        driver = self.driver
        sql = MysqlConnection(connection, driver.dialect, driver.compiler, cursor, driver.url)
        is_there = connection.cursor(cursor)
        is_there.execute(_IS_THERE, (self.dialect.tables.meta.name,))
        if is_there.fetchone() is None:
            raise DifferentDatabase(self.url)
        self.where.require(found_on(sql))
        is_open = getattr(connection, "server_status", 0) & _IN_TRANSACTION
        if connection.get_autocommit() and not is_open:
            raise ConnectionRefused(_AUTOCOMMIT)
        return sql
