"""Hints inside a process, joined by those of a source that sees other processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import Final
from weakref import WeakSet

import attrs

from ...core.application.at_fork import at_fork
from ...core.domain.events import Hint
from ...core.ports.wakeup import ChangeSource, Unsubscribe, Wakeup, Wanted
from ..fork_safe_lock import fork_safe_lock


@attrs.frozen(eq=False)
class _Subscriber:
    wanted: Wanted
    wake: Callable[[], None]


class LocalWakeup(Wakeup):
    """Subscribers in a tuple that is replaced, never changed: notifying takes no lock.

    A forked child has none: who subscribed is a thread or an event loop of its parent.
    """

    def __init__(self) -> None:
        _wakeups.add(self)
        self._lock = fork_safe_lock()
        self._subscribers: tuple[_Subscriber, ...] = ()
        self._source: ChangeSource | None = None
        self._pid = os.getpid()

    def notify(self, hints: Collection[Hint]) -> None:
        for subscriber in self._subscribers:
            if any(map(subscriber.wanted, hints)):
                subscriber.wake()

    def subscribe(self, wanted: Wanted, wake: Callable[[], None]) -> Unsubscribe:
        subscriber = _Subscriber(wanted, wake)
        try:
            with self._lock:
                self._subscribers = (*self._subscribers, subscriber)
                if self._source is not None:
                    self._source.start(self._foreign_change)
        except BaseException:  # A signal handler's: nobody would ever unsubscribe.
            self._unsubscribe(subscriber)
            raise
        return lambda: self._unsubscribe(subscriber)

    def watch(self, source: ChangeSource | None) -> None:
        """Hear of other processes through this source; stop the one before.

        A forked child leaves the source of its parent alone: its threads are not there, and one
        of them may have held a lock.
        """
        with self._lock:
            before, self._source = self._source, source
            is_own, self._pid = self._pid == os.getpid(), os.getpid()
            if before is not None and is_own:
                before.stop()
            if source is not None and self._subscribers:
                source.start(self._foreign_change)

    def begin_anew(self) -> None:
        """Forget the subscribers and the source of the parent, in a forked child."""
        self._subscribers, self._source = (), None

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


_wakeups: Final[WeakSet[LocalWakeup]] = WeakSet()


def _begin_anew() -> None:
    for wakeup in _wakeups:
        wakeup.begin_anew()


at_fork(after_in_child=_begin_anew)
