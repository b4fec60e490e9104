"""The named queues, in SQL."""

from __future__ import annotations

from collections.abc import Collection

import attrs
from sqlalchemy import delete

from ....core.domain.queue.queue import Queue
from ....core.ports.queue_repository import QueueRepository
from . import statements
from .mapping import queue_from_row, queue_values
from .schema import queues as table
from .session import Session


@attrs.frozen(eq=False)
class SqlQueueRepository(QueueRepository):
    """Queues as rows by name."""

    session: Session

    def register(self, names: Collection[str]) -> None:
        """See the port."""
        for name in sorted(names):
            self.session.write(statements.REGISTER_QUEUE, (name,))

    def get(self, name: str) -> Queue:
        """See the port."""
        rows = self.session.rows(statements.GET_QUEUE, (name,))
        return queue_from_row(rows[0]) if rows else Queue(name=name)

    def save(self, queue: Queue) -> None:
        """See the port."""
        self.session.write(statements.SAVE_QUEUE, queue_values(queue))

    def all(self) -> list[Queue]:
        """See the port."""
        return [queue_from_row(row) for row in self.session.rows(statements.LIST_QUEUES)]

    def remove(self, name: str) -> None:
        """See the port."""
        self.session.execute(delete(table).where(table.c.name == name))
