"""Commits of other processes, looked for: these servers tell nobody."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from .....core.domain.events import Hint
from ..server.polling import Polling
from ..server.store import Notifier
from ..sql_connection import SqlConnection
from .own_events import OwnEvents

WINDOW: Final = 1_000
"""How many ids back it is looked for an event that came to light late."""

Ask = Callable[[int], tuple[int, int]]
"""The newest event behind an id, or that id, and how many are in sight behind it."""


class MysqlNotifier(Notifier):
    """Counts events, often while others write some, rarely while nobody does.

    What this process has written itself wakes nobody a second time.
    """

    def __init__(
        self,
        newest: Callable[[], int],
        ask: Ask,
        own: OwnEvents,
        when_closed: Callable[[], None],
    ) -> None:
        self._newest = newest
        self._ask = ask
        self._own = own
        self._when_closed = when_closed
        self._base: int | None = None
        self._others = self._changes = 0
        self._polling = Polling(self._changes_of_others)

    def publish(self, hints: Collection[Hint]) -> None:
        """The others look."""

    def publish_within(self, sql: SqlConnection, hints: Collection[Hint]) -> None:
        """The others look."""

    def start(self, on_change: Callable[[], None]) -> None:
        self._polling.start(on_change)

    def stop(self) -> None:
        self._polling.stop()

    def close(self) -> None:
        self._when_closed()

    def _changes_of_others(self) -> int:
        """How often there were more events of others than at the look before.

        An own event that is not in sight yet hides one of theirs, until it is.
        """
        if self._base is None:
            self._base = self._newest()
        newest, seen = self._ask(self._base)
        others = seen - self._own.count(self._base, newest)
        if others > self._others:
            self._changes += 1
        self._others = others
        if seen == newest - self._base or newest - self._base > WINDOW:
            self._base, self._others = newest, 0
            self._own.forget(newest)
        return self._changes
