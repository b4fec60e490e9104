"""A store of its own for each test of the contract."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from datetime import datetime

from ...core.domain.events import Hint
from ...core.ports.store import Store
from ...core.ports.wakeup import Wakeup
from ..wakeups.local_wakeup import LocalWakeup
from .clock import FakeClock


class RecordingWakeup(LocalWakeup):
    """A wakeup that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Hint] = []

    def notify(self, hints: Collection[Hint]) -> None:
        self.told += hints
        super().notify(hints)


class OpenedStore:
    """How the tests of the contract come to a store; `clock` and `wakeup` are its own."""

    clock: FakeClock
    wakeup: RecordingWakeup

    def make_store(self, clock: Callable[[], datetime], wakeup: Wakeup) -> Store:
        """A store on an empty database that is not open yet."""
        raise NotImplementedError

    @contextmanager
    def opened(self) -> Generator[Store]:
        """An open store, closed in the end."""
        self.clock, self.wakeup = FakeClock(), RecordingWakeup()
        store = self.make_store(self.clock, self.wakeup)
        store.initialize_sync()
        try:
            yield store
        finally:
            store.close_sync()
