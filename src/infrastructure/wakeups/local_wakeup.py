"""Hints inside a process, joined by those of a source that sees other processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

import attrs

from ...core.domain.events import Hint
from ...core.ports.wakeup import ChangeSource, Unsubscribe, Wakeup, Wanted
from ..fork_safe_lock import fork_safe_lock


@attrs.frozen(eq=False)
class _Subscriber:
    wanted: Wanted
    wake: Callable[[], None]


class LocalWakeup(Wakeup):
    """Subscribers in a tuple that is replaced, never changed: notifying takes no lock."""

    def __init__(self) -> None:
        self._lock = fork_safe_lock()
        self._subscribers: tuple[_Subscriber, ...] = ()
        self._source: ChangeSource | None = None
        self._pid = os.getpid()

    def notify(self, hints: Collection[Hint]) -> None:
        """See the port."""
        for subscriber in self._subscribers:
            if any(map(subscriber.wanted, hints)):
                subscriber.wake()

    def subscribe(self, wanted: Wanted, wake: Callable[[], None]) -> Unsubscribe:
        """See the port."""
        subscriber = _Subscriber(wanted, wake)
        with self._lock:
            self._subscribers = (*self._subscribers, subscriber)
            if len(self._subscribers) == 1 and self._source is not None:
                self._source.start(self._foreign_change)
        return lambda: self._unsubscribe(subscriber)

    def watch(self, source: ChangeSource | None) -> None:
        """See the port.

        A forked child leaves the source of its parent alone: its threads are not there, and
        one of them may have held a lock.
        """
        with self._lock:
            before, self._source = self._source, source
            is_own, self._pid = self._pid == os.getpid(), os.getpid()
            if before is not None and is_own:
                before.stop()
            if source is not None and self._subscribers:
                source.start(self._foreign_change)

    def _unsubscribe(self, subscriber: _Subscriber) -> None:
        with self._lock:
            left = tuple(other for other in self._subscribers if other is not subscriber)
            was_last = not left and bool(self._subscribers)
            self._subscribers = left
            if was_last and self._source is not None:
                self._source.stop()

    def _foreign_change(self) -> None:
        for subscriber in self._subscribers:
            subscriber.wake()
