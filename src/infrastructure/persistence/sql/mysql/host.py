"""A MariaDB or MySQL database as the host of a caller's transaction."""

from __future__ import annotations

import sys
from typing import Any, Final

import attrs
from sqlalchemy import Connection, text

from .....core.domain.errors import ConnectionRefused, DifferentDatabase
from ..caller import CallerSession, Host, has_queue
from ..grammar import Grammar
from ..session import Session
from ..whereabouts import NOWHERE, Whereabouts, found_on
from .driver import MysqlDriver
from .session import MysqlSession

_DRIVERS: Final = ("pymysql", "MySQLdb")
_IS_THERE: Final = (
    "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %s"
)
_AUTOCOMMIT: Final = "is in AUTOCOMMIT mode; it needs a transaction"
_IN_TRANSACTION: Final = 1
"""The flag that a server sends with each answer."""


@attrs.frozen(eq=False)
class MysqlHost(Host):
    """See the protocol."""

    driver: MysqlDriver
    where: Whereabouts
    grammar: Grammar
    url: str
    wanted: str = "a SQLAlchemy Connection or Session, or a connection of PyMySQL or mysqlclient"

    def is_spoken_by(self, dialect: str) -> bool:
        """See the protocol."""
        return dialect in {"mysql", "mariadb"}

    def session_on(self, connection: object) -> Session | None:
        """See the protocol."""
        for name in _DRIVERS:
            module: Any = sys.modules.get(name)
            if module is not None and isinstance(connection, module.connections.Connection):
                return self._session(connection, module.cursors.Cursor)
        return None

    def require_place(self, session: CallerSession) -> None:
        """See the protocol."""
        self.where.require(found_on(session) if has_queue(session) else NOWHERE)

    def require_driver(self, connection: Connection) -> None:
        """See the protocol. Whatever speaks MySQL will do."""

    def require_transaction(self, connection: Connection) -> None:
        """See the protocol."""
        if connection.scalar(text("SELECT @@autocommit")):
            raise ConnectionRefused(_AUTOCOMMIT)

    def _session(self, connection: Any, cursor: Any) -> MysqlSession:
        driver = self.driver
        session = MysqlSession(connection, driver.grammar, driver.dialect, cursor, driver.url)
        is_there = connection.cursor(cursor)
        is_there.execute(_IS_THERE, (self.grammar.tables.meta.name,))
        if is_there.fetchone() is None:
            raise DifferentDatabase(self.url)
        self.where.require(found_on(session))
        is_open = getattr(connection, "server_status", 0) & _IN_TRANSACTION
        if connection.get_autocommit() and not is_open:
            raise ConnectionRefused(_AUTOCOMMIT)
        return session
