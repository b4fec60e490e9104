"""A transaction on a connection of the driver."""

from __future__ import annotations

from typing import Any, Final

import attrs

from ..server.driver import Transaction
from .session import OwnSession

_BUSY: Final = "errands_in_transaction"
"""Where a connection notes that a transaction was begun and has not ended."""


@attrs.frozen(eq=False)
class MysqlTransaction(Transaction):
    """See the protocol. Its connection is marked for as long as it lasts."""

    own: OwnSession

    @property
    def session(self) -> OwnSession:
        """See the protocol."""
        return self.own

    def commit(self) -> None:
        """See the protocol."""
        self._connection.commit()
        mark(self._connection, is_busy=False)

    def rollback(self) -> None:
        """See the protocol."""
        if self._connection.open:
            self._connection.rollback()
            mark(self._connection, is_busy=False)

    @property
    def _connection(self) -> Any:
        return self.own.connection


def mark(connection: Any, *, is_busy: bool) -> None:
    """Note whether a transaction is under way."""
    setattr(connection, _BUSY, is_busy)


def is_idle(connection: Any) -> bool:
    """Whether a connection is alive and in no transaction."""
    return bool(connection.open) and not getattr(connection, _BUSY, False)
