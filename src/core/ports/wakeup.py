"""Hints that something was committed, inside this process and from others."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from ..domain.events import Hint

Wanted = Callable[[Hint], bool]
"""Whether a hint matters to a subscriber."""
Unsubscribe = Callable[[], None]


class ChangeSource(Protocol):
    """Something that notices commits of other processes."""

    def start(self, on_change: Callable[[], None]) -> None:
        """Call `on_change`, from any thread, soon after each foreign commit."""
        ...

    def stop(self) -> None:
        """Call it no more; may be started again."""
        ...


class Wakeup(Protocol):
    """Hints may be lost or doubled; a bounded poll always stands behind them."""

    def notify(self, hints: Collection[Hint]) -> None:
        """Wake the subscribers that want one of these; from any thread, never blocks."""
        ...

    def subscribe(self, wanted: Wanted, wake: Callable[[], None]) -> Unsubscribe:
        """Call `wake` on wanted hints, and on changes by other processes, which tell no type.

        `wake` may come from any thread, must not block and must not raise.
        """
        ...

    def watch(self, source: ChangeSource | None) -> None:
        """Listen to this source of foreign changes while there are subscribers."""
        ...
