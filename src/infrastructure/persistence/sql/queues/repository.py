"""The named queues, in SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import attrs
from sqlalchemy import delete, select

from .....core.domain.queue.queue import Queue
from .....core.ports.queue_repository import QueueRepository
from ..jobs.selecting import has_jobs_in
from ..sql_connection import SqlConnection
from ..statement import Row, Statement
from ..times import ms
from .rows import FORGOTTEN, queue_from_row, queue_values

MOST_PRUNED: Final = 500
"""Rows that are dropped at once."""


@attrs.frozen(eq=False)
class SqlQueueRepository(QueueRepository):
    """Queues as rows by name."""

    sql: SqlConnection

    def register(self, names: Collection[str]) -> None:
        """What is known is not touched: to write it would lock it."""
        new = [name for name in names if not self.peek(name).is_known]
        if new:
            self.make_known(new)

    def make_known(self, names: Collection[str]) -> None:
        """Write queues that are not known."""
        register = self.sql.dialect.statements.queues.register
        for name in sorted(names):
            self.sql.write(register, (name,))

    def get(self, name: str) -> Queue:
        return self._one(self.sql.dialect.statements.queues.get, name)

    def peek(self, name: str) -> Queue:
        return self._one(self.sql.dialect.statements.queues.peek, name)

    def save(self, queue: Queue) -> None:
        self._save(queue_values(queue))

    def forget(self, name: str, now: datetime) -> None:
        self._save((name, 0, FORGOTTEN, ms(now)))

    def prune(self, before: datetime) -> None:
        queue = self.sql.dialect.tables.queues
        is_old = (queue.c.turn == FORGOTTEN) & (queue.c.drained_at < ms(before))
        is_empty = ~has_jobs_in(self.sql.dialect.tables, queue.c.name)
        old = self.sql.select(select(queue.c.name).where(is_old, is_empty).limit(MOST_PRUNED))
        if old:
            names = sorted(row[0] for row in old)
            self.sql.execute(delete(queue).where(queue.c.name.in_(names), is_old))

    def all(self) -> list[Queue]:
        list_all = self.sql.dialect.statements.queues.list_all
        return [queue_from_row(row) for row in self.sql.rows(list_all)]

    def _save(self, row: Row) -> None:
        self.sql.write(self.sql.dialect.statements.queues.save, row)

    def _one(self, statement: Statement, name: str) -> Queue:
        rows = self.sql.rows(statement, (name,))
        return queue_from_row(rows[0]) if rows else Queue(name=name, is_known=False)
