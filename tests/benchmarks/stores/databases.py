"""Databases for the measures."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from tests.benchmarks.jobs import NAME, QUEUE, application, data


class Databases(Protocol):
    """Makes databases of one kind; whoever made it removes them."""

    def new(self, waiting: int = 0) -> str:
        """The URL of a database made by the library itself, with so many jobs waiting."""
        ...

    def copy(self, original: str) -> AbstractContextManager[str]:
        """A copy of a database that nobody has open, removed after the block."""
        ...


def make(url: str, waiting: int) -> None:
    """Let the library make its tables, and add jobs."""
    with application(url).sync as app:
        if waiting:
            app.queue(QUEUE).add_many((NAME, data()) for _ in range(waiting))
