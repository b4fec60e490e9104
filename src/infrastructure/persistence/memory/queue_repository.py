"""The named queues, in memory."""

from __future__ import annotations

from collections.abc import Collection

import attrs

from ....core.domain.queue.queue import Queue
from ....core.ports.queue_repository import QueueRepository
from .tables import MemoryTables


@attrs.frozen(eq=False)
class MemoryQueueRepository(QueueRepository):
    """Queues by name."""

    tables: MemoryTables

    def register(self, names: Collection[str]) -> None:
        """See the port."""
        for name in names:
            if name not in self.tables.queues:
                self.tables.put_queue(name, Queue(name=name))

    def get(self, name: str) -> Queue:
        """See the port."""
        stored = self.tables.queues.get(name)
        return Queue(name=name) if stored is None else attrs.evolve(stored)

    def look(self, name: str) -> Queue:
        """See the port."""
        return self.get(name)

    def save(self, queue: Queue) -> None:
        """See the port."""
        self.tables.put_queue(queue.name, attrs.evolve(queue))

    def all(self) -> list[Queue]:
        """See the port."""
        return [self.get(name) for name in sorted(self.tables.queues)]

    def remove(self, name: str) -> None:
        """See the port."""
        self.tables.put_queue(name, None)
