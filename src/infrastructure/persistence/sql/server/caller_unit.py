"""A unit of work in the caller's own transaction on a server."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

import attrs

from ..queues.repository import SqlQueueRepository
from ..sql_connection import SqlConnection
from ..unit_of_work import SqlUnitOfWork

Register = Callable[[Collection[str]], None]
"""Makes queues known in a transaction of its own."""


class CallerUnit(SqlUnitOfWork):
    """Makes new queues known aside.

    Everybody else who adds to a new queue would wait for the caller's commit, if its row
    were written in the caller's transaction. So a queue stays known after a rollback.
    """

    def __init__(self, sql: SqlConnection, now: datetime, register: Register) -> None:
        super().__init__(sql, now)
        self._register = register

    @property
    def queues(self) -> SqlQueueRepository:
        return _QueuesAside(self.sql, self._register)


@attrs.frozen(eq=False)
class _QueuesAside(SqlQueueRepository):
    aside: Register

    def make_known(self, names: Collection[str]) -> None:
        """See the base class."""
        self.aside(names)
