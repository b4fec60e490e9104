"""Trying a write again while the store is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

from ....domain.store_errors import StoreError
from ...backoff import AFTER_ERROR, Backoff
from ...trouble import Complaint, is_outage
from .run_dependencies import RunDependencies

T = TypeVar("T")

_log = logging.getLogger("errands.worker")


class Patience:
    """How long one write of a run waits for a store that is away: until the run is over.

    A lock that stays taken is not waited for any longer than the store itself does, since it
    may be the handler's own.
    """

    def __init__(self, tools: RunDependencies, is_over: Callable[[], bool]) -> None:
        self._outage = tools.outage
        self._complaint: Complaint | None = None
        self._backoff = Backoff(*AFTER_ERROR, tools.chance)
        self._is_over = is_over

    def pause_after(self, error: StoreError) -> float:
        """Seconds until the next try. Raises the error where there should be none."""
        if self._is_over() or not is_outage(error):
            raise error
        if self._complaint is None:
            self._complaint = Complaint(_log, "the store failed", outage=self._outage)
        self._complaint.say(error)
        return self._backoff.next()

    async def over(self, write: Callable[[], Awaitable[T]]) -> T:
        """Write, as often as it takes."""
        with self._complaining():
            while True:
                try:
                    return await write()
                except StoreError as error:
                    pause = self.pause_after(error)
                await asyncio.sleep(pause)

    def over_sync(self, write: Callable[[], T], wait: Callable[[float], object]) -> T:
        """`over`, blocking; `wait` waits for so many seconds, and may raise."""
        with self._complaining():
            while True:
                try:
                    return write()
                except StoreError as error:
                    wait(0)  # Where the run is to end, that is raised and not the error.
                    wait(self.pause_after(error))

    @contextmanager
    def _complaining(self) -> Generator[None]:
        """What was said is over when the block ends well, and else nobody's any more."""
        try:
            yield
            if self._complaint is not None:
                self._complaint.over()
        finally:
            if self._complaint is not None:
                self._complaint.leave()
