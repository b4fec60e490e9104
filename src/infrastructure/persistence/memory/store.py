"""The memory store: units run at once, under a lock, and are undone when they fail."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import attrs

from ....core.domain.store_errors import DifferentDatabase, OpenAtFork, StoreNotOpen
from ....core.ports.store import Store, Work
from ....core.ports.wakeup import Wakeup
from .tables import MemoryTables
from .unit_of_work import MemoryUnitOfWork

T = TypeVar("T")


@attrs.define(eq=False)
class MemoryStore(Store):
    """Jobs for as long as the process lives.

    `clock` gives the time in UTC and whole milliseconds. Safe from any thread; one unit
    runs at a time. A forked child is refused.
    """

    clock: Callable[[], datetime]
    wakeup: Wakeup
    _tables: MemoryTables = attrs.field(factory=MemoryTables, init=False)
    _lock: threading.RLock = attrs.field(factory=threading.RLock, init=False)
    _pid: int | None = attrs.field(default=None, init=False)

    @property
    def url(self) -> str:
        return "memory://"

    def ensure_room(self, text: str, field: str) -> None:
        pass

    async def transact(
        self, work: Work[T], *, is_large: bool = False, is_repeatable: bool = False
    ) -> T:
        return self.transact_sync(work)

    async def read(self, work: Work[T], *, is_large: bool = False) -> T:
        return self.read_sync(work)

    def transact_sync(
        self, work: Work[T], *, urgent: bool = False, is_repeatable: bool = False
    ) -> T:
        self._require_open()
        with self._lock:
            unit = MemoryUnitOfWork(self._tables, self.clock())
            try:
                answer = work(unit)
            except BaseException:
                self._tables.undo()
                raise
            self._tables.journal.clear()
        self.wakeup.notify(unit.events.hints)
        return answer

    def read_sync(self, work: Work[T]) -> T:
        self._require_open()
        with self._lock:
            try:
                return work(MemoryUnitOfWork(self._tables, self.clock()))
            finally:
                self._tables.undo()

    def within(self, connection: Any, work: Work[T]) -> T:
        """No database connection is a connection to this process's memory."""
        raise DifferentDatabase(self.url)

    async def within_async(self, connection: Any, work: Work[T]) -> T:
        """No database connection is a connection to this process's memory."""
        raise DifferentDatabase(self.url)

    async def initialize(self) -> None:
        self.initialize_sync()

    async def close(self) -> None:
        """What was stored stays until the store itself goes."""
        self.close_sync()

    def initialize_sync(self) -> None:
        self._pid = self._pid or os.getpid()

    def close_sync(self) -> None:
        self._pid = None

    def _require_open(self) -> None:
        """In a forked child nobody would run what is added, or hear of it."""
        if self._pid is None:
            raise StoreNotOpen(self.url)
        if self._pid != os.getpid():
            raise OpenAtFork(self.url, "its jobs are in the memory of the process that opened it")
