"""The named queues."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from ..domain.queue.queue import Queue


class QueueRepository(Protocol):
    """The settings of the queues that were ever used.

    A queue is known from its first use until it is forgotten. One that was forgotten is in the
    listing all the same while there is a job in it: whoever adds a job may still take it for known.
    """

    def register(self, names: Collection[str]) -> None:
        """Make these queues known; those that are stay as they are."""
        ...

    def get(self, name: str) -> Queue:
        """The queue, locked until the transaction ends; a new, unknown one where none is known."""
        ...

    def peek(self, name: str) -> Queue:
        """The queue as it is now, not locked; a new, unknown one where none is known."""
        ...

    def save(self, queue: Queue) -> None:
        """Write the queue's settings, and make it known."""
        ...

    def all(self) -> list[Queue]:
        """All known queues, and those with jobs in them, with their settings, in order of name."""
        ...

    def forget(self, name: str, now: datetime) -> None:
        """Make the queue unknown, without settings; listed from now on while it has jobs."""
        ...

    def prune(self, before: datetime) -> None:
        """Drop what is left of queues that were forgotten before this and have no jobs."""
        ...
