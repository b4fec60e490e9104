"""The named queues, in SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import attrs
from sqlalchemy import delete, select

from ....core.domain.queue.queue import Queue
from ....core.ports.queue_repository import QueueRepository
from .queue_rows import FORGOTTEN, queue_from_row, queue_values
from .session import Session
from .statement import Statement
from .times import ms

MOST_PRUNED: Final = 500
"""Rows that are dropped at once."""


@attrs.frozen(eq=False)
class SqlQueueRepository(QueueRepository):
    """Queues as rows by name."""

    session: Session

    def register(self, names: Collection[str]) -> None:
        """See the port. What is known is not touched: to write it would lock it."""
        new = [name for name in names if not self.look(name).is_known]
        if new:
            self.make_known(new)

    def make_known(self, names: Collection[str]) -> None:
        """Write queues that are not known."""
        self.session.grammar.register_queues(self.session, names)

    def get(self, name: str) -> Queue:
        """See the port."""
        return self._one(self.session.grammar.statements.get_queue, name)

    def look(self, name: str) -> Queue:
        """See the port."""
        return self._one(self.session.grammar.statements.look_queue, name)

    def save(self, queue: Queue) -> None:
        """See the port."""
        self.session.grammar.save_queue(self.session, queue_values(queue))

    def forget(self, name: str, now: datetime) -> None:
        """See the port."""
        self.session.grammar.save_queue(self.session, (name, 0, FORGOTTEN, ms(now)))

    def prune(self, before: datetime) -> None:
        """See the port."""
        queue = self.session.grammar.tables.queues
        is_old = (queue.c.turn == FORGOTTEN) & (queue.c.drained_at < ms(before))
        is_empty = ~self.session.grammar.statements.has_jobs_in(queue.c.name)
        old = self.session.select(select(queue.c.name).where(is_old, is_empty).limit(MOST_PRUNED))
        if old:
            names = sorted(row[0] for row in old)
            self.session.execute(delete(queue).where(queue.c.name.in_(names), is_old))

    def all(self) -> list[Queue]:
        """See the port."""
        list_all = self.session.grammar.statements.list_queues
        return [queue_from_row(row) for row in self.session.rows(list_all)]

    def _one(self, statement: Statement, name: str) -> Queue:
        rows = self.session.rows(statement, (name,))
        return queue_from_row(rows[0]) if rows else Queue(name=name, is_known=False)
