"""Who has an application open: the first opens its store, the last one out closes it."""

from __future__ import annotations

import os
import threading
from typing import Final
from weakref import WeakSet

from ...core.application.at_fork import HeldThroughForks, at_fork, is_held_here
from ...core.application.wake_event import WakeEvent
from ...core.domain.store_errors import StoreBusy, StoreError, StoreUnavailable
from ...core.ports.executor import Executor
from ...core.ports.openings import Openings
from ...core.ports.store import Store
from ..fork_safe_lock import fork_safe_lock

FORK_WAITS_SECONDS: Final = 5.0
"""How long a fork waits for an opening of another thread that hangs."""
NESTED: Final = "a signal handler cannot open what its own thread is just opening or closing"


class CountedOpenings(Openings):
    """Counts openings, of the async and the sync side together, from any thread and loop.

    Who comes while the first one opens waits for that. An opening that fails, is cancelled or is
    cut off by a signal's handler does not count, and one end more than there were openings is
    harmless. No event loop is blocked: there a thread opens and closes. A forked child has its
    parent's openings. A fork waits until an opening is done: what is imported in the middle of it
    could never be imported in the child.

    Who opens or closes holds `_turn`. What is counted is noted without a call in between, and so
    without a signal (see `ThreadWakeEvent`).
    """

    def __init__(self, *, store: Store, executor: Executor) -> None:
        self._store = store
        self._executor = executor
        self._lock = fork_safe_lock()
        self._count = 0
        self._turn = fork_safe_lock()
        self.at_forks = HeldThroughForks(self._turn)
        self._is_open: bool | None = False
        """None while it is being opened or closed, and where that was broken off."""
        self._failures = 0
        self._failure: StoreError | None = None
        self._settling: Settling | None = None
        _all.add(self)

    def begin_sync(self) -> None:
        """Return when it is open. Raises the `StoreError`s of opening."""
        is_counted = False
        try:
            with self._lock:
                self._count += 1
                is_counted = True
            if is_held_here(self._turn):
                raise StoreBusy(self._store.url, NESTED)
            self.settle()
        except BaseException:
            if is_counted:
                self._count_down()
                self._close_if_last()
            raise

    def end_sync(self) -> None:
        """Return when it is closed, if this was the last one.

        Where a signal's handler cuts it off, it may be called again.
        """
        self._count_down()
        self._close_if_last()

    async def begin(self) -> None:
        """`begin_sync`, for an event loop."""
        is_counted = False
        try:
            with self._lock:
                self._count += 1
                is_counted = True
            while not self._is_settled:
                settling, _ = self._settling_in_thread()
                await settling.over()
                settling.raise_error()
        except BaseException:
            if is_counted:
                self._count_down()
                # Who fails or is cancelled does not wait for the closing; a thread does it.
                if self._is_left_open:
                    self._closing()
            raise

    async def end(self) -> None:
        """`end_sync`, for an event loop."""
        self._count_down()
        while self._is_left_open:
            closing = self._closing()
            if closing is None:
                return
            settling, is_ours = closing
            await settling.over()
            if is_ours:
                settling.raise_error()

    def settle(self) -> None:
        """Open or close; as often as it takes, since others come and go meanwhile.

        Waits for another thread that is at it. Raises what opening raises, its own or that of
        the thread that it has waited for.
        """
        failures = self._failures
        with self._turn:
            while not self._is_settled:
                if self._failures != failures and self._failure is not None:
                    raise self._failure
                self._open_or_close()

    @property
    def _is_settled(self) -> bool:
        """Whether it is as it is wanted."""
        return self._is_open is (self._count > 0)

    @property
    def _is_left_open(self) -> bool:
        """Whether nobody wants it open any more, and it is not closed yet."""
        return self._count == 0 and self._is_open is not False

    def _count_down(self) -> None:
        with self._lock:
            if self._count > 0:
                self._count -= 1

    def _close_if_last(self) -> None:
        """A signal's handler leaves it to its thread where that is just opening or closing."""
        if not is_held_here(self._turn):
            with self._turn:
                while self._is_left_open:
                    self._open_or_close()

    def _open_or_close(self) -> None:
        wanted, self._is_open = self._count > 0, None
        try:
            if wanted:
                self._store.initialize_sync()
            else:
                self._executor.close()
                self._store.close_sync()
        except StoreError as error:
            self._failure = error
            self._failures += 1
            raise
        self._is_open = wanted

    def _closing(self) -> tuple[Settling, bool] | None:
        """See `_settling_in_thread`. Where no thread is to be had it is closed here and now."""
        try:
            return self._settling_in_thread()
        except StoreUnavailable:
            self._close_if_last()
            return None

    def _settling_in_thread(self) -> tuple[Settling, bool]:
        """The thread that opens or closes for event loops, and whether it was begun just now.

        Raises `StoreUnavailable` where none is to be had.
        """
        with self._lock:
            known = self._settling
            if known is not None and known.is_under_way:
                return known, False
            begun = Settling(self)
            try:
                begun.start()
            except RuntimeError as error:
                raise StoreUnavailable(self._store.url, str(error)) from error
            self._settling = begun
            return begun, True


class Settling:
    """One thread that opens or closes, and the coroutines of any loops that wait for it."""

    def __init__(self, openings: CountedOpenings) -> None:
        self._openings = openings
        self._pid = os.getpid()
        self._is_over = False
        self._error: BaseException | None = None
        self._waiting: list[WakeEvent] = []

    @property
    def is_under_way(self) -> bool:
        """Whether somebody is at it, in this process."""
        return not self._is_over and self._pid == os.getpid()

    def start(self) -> None:
        """Begin. Raises RuntimeError where no thread is to be had."""
        threading.Thread(target=self._work, name="errands-opening", daemon=True).start()

    async def over(self) -> None:
        """Return when it is over."""
        signal = WakeEvent()
        self._waiting.append(signal)
        if not self._is_over:  # Else it may have looked before that.
            await signal.wait()

    def raise_error(self) -> None:
        """Raise why it did not open or close."""
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            self._openings.settle()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._error = error
        self._is_over = True
        for signal in self._waiting:
            signal.set()


_all: Final[WeakSet[CountedOpenings]] = WeakSet()


def _let_them_end() -> None:
    for openings in list(_all):
        openings.at_forks.take(FORK_WAITS_SECONDS)


def _go_on() -> None:
    for openings in list(_all):
        openings.at_forks.release()


at_fork(before=_let_them_end, after_in_parent=_go_on, after_in_child=_go_on)
