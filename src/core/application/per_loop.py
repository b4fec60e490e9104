"""What an application keeps for each event loop that uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One of something for each running loop: a future belongs to one, and wakes no other.

    A program may run loops one after the other, or several in threads. What belonged to a
    closed loop is forgotten when the next one comes.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[asyncio.AbstractEventLoop, T] = {}

    def here(self) -> T:
        """That of the running loop."""
        loop = asyncio.get_running_loop()
        found = self._made.get(loop)
        if found is None:
            for other in [known for known in list(self._made) if known.is_closed()]:
                self._made.pop(other, None)
            found = self._made[loop] = self._make()
        return found
