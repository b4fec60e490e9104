"""A transaction on a connection of the driver."""

from __future__ import annotations

from typing import Any, Final

import attrs

from ..server.driver import Transaction
from .answers import answered, is_answered
from .sql_connection import OwnMysqlConnection

_BUSY: Final = "errands_in_transaction"
"""Where a connection notes that a transaction was begun and has not ended."""


@attrs.frozen(eq=False)
class MysqlTransaction(Transaction):
    """Its connection is marked for as long as it lasts."""

    own: OwnMysqlConnection

    @property
    def sql(self) -> OwnMysqlConnection:
        return self.own

    def commit(self) -> None:
        answered(self._connection, self._connection.commit)
        mark(self._connection, is_busy=False)

    def rollback(self) -> None:
        """Where an answer was not read, the server is left to do it."""
        if not self._connection.open:
            return
        if is_answered(self._connection):
            answered(self._connection, self._connection.rollback)
            mark(self._connection, is_busy=False)
        else:
            self._connection.close()

    @property
    def _connection(self) -> Any:
        return self.own.connection


def mark(connection: Any, *, is_busy: bool) -> None:
    """Note whether a transaction is under way."""
    setattr(connection, _BUSY, is_busy)


def is_idle(connection: Any) -> bool:
    """Whether a connection is alive, in no transaction, and owes no answer."""
    is_busy = getattr(connection, _BUSY, False) or not is_answered(connection)
    return bool(connection.open) and not is_busy
