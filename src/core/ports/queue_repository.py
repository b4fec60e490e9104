"""The named queues."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from ..domain.queue.queue import Queue


class QueueRepository(Protocol):
    """The settings of the queues that were ever used."""

    def register(self, names: Collection[str]) -> None:
        """Make these queues known; those that are stay as they are."""
        ...

    def get(self, name: str) -> Queue:
        """The queue, locked until the transaction ends; a new one where none is known."""
        ...

    def look(self, name: str) -> Queue:
        """The queue as it is now, not locked; a new one where none is known."""
        ...

    def save(self, queue: Queue) -> None:
        """Write the queue's settings."""
        ...

    def all(self) -> list[Queue]:
        """All known queues with their settings, in order of name."""
        ...

    def remove(self, name: str) -> None:
        """Forget the queue."""
        ...
