"""The named queues, in SQL."""

from __future__ import annotations

from collections.abc import Collection

import attrs
from sqlalchemy import delete

from ....core.domain.queue.queue import Queue
from ....core.ports.queue_repository import QueueRepository
from .mapping import queue_from_row, queue_values
from .session import Session
from .statement import Statement


@attrs.frozen(eq=False)
class SqlQueueRepository(QueueRepository):
    """Queues as rows by name."""

    session: Session

    def register(self, names: Collection[str]) -> None:
        """See the port."""
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

    def all(self) -> list[Queue]:
        """See the port."""
        list_all = self.session.grammar.statements.list_queues
        return [queue_from_row(row) for row in self.session.rows(list_all)]

    def remove(self, name: str) -> None:
        """See the port."""
        table = self.session.grammar.tables.queues
        self.session.execute(delete(table).where(table.c.name == name))

    def _one(self, statement: Statement, name: str) -> Queue:
        rows = self.session.rows(statement, (name,))
        return queue_from_row(rows[0]) if rows else Queue(name=name)
