"""The named queues, in memory."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import attrs

from ....core.domain.queue.queue import Queue
from ....core.ports.queue_repository import QueueRepository
from .tables import MemoryTables


@attrs.frozen(eq=False)
class MemoryQueueRepository(QueueRepository):
    """Queues by name."""

    tables: MemoryTables

    def register(self, names: Collection[str]) -> None:
        for name in names:
            if not self.get(name).is_known:
                self.tables.put_queue(name, Queue(name=name))

    def get(self, name: str) -> Queue:
        stored = self.tables.queues.get(name)
        if stored is None or not stored.is_known:
            return Queue(name=name, is_known=False)
        return attrs.evolve(stored)

    def peek(self, name: str) -> Queue:
        return self.get(name)

    def save(self, queue: Queue) -> None:
        self.tables.put_queue(queue.name, attrs.evolve(queue, is_known=True))

    def all(self) -> list[Queue]:
        queues = [self.get(name) for name in sorted(self.tables.queues)]
        return [queue for queue in queues if queue.is_known or self.tables.has_jobs(queue.name)]

    def forget(self, name: str, now: datetime) -> None:
        """What is left keeps the time at which it was forgotten."""
        self.tables.put_queue(name, Queue(name=name, drained_at=now, is_known=False))

    def prune(self, before: datetime) -> None:
        for queue in list(self.tables.queues.values()):
            at = queue.drained_at
            is_old = not queue.is_known and at is not None and at < before
            if is_old and not self.tables.has_jobs(queue.name):
                self.tables.put_queue(queue.name, None)
