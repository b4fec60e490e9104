"""Where synchronous handlers run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class NoThread(Exception):
    """The system had no thread to give; the function was not started."""


class Executor(Protocol):
    """Runs blocking functions off the event loop, as many at once as it is given."""

    def submit(self, function: Callable[[], T]) -> asyncio.Future[T]:
        """Start `function` with the caller's context variables; cancelling cannot stop it.

        Raises `NoThread`.
        """
        ...

    def close(self) -> None:
        """Take no more work; does not wait for what still runs."""
        ...
