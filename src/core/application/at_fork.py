"""What this library does around a fork of the process, whatever signals come meanwhile."""

from __future__ import annotations

# Python imports it with the first `asyncio.to_thread`. Where that comes while another thread
# forks, its hooks release a lock that they have not taken.
import concurrent.futures.thread  # noqa: F401  # pyright: ignore[reportUnusedImport]
import os
import signal
import threading
from collections.abc import Callable
from typing import Final, Protocol

import attrs

FAULTS: Final = {signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV}
"""Signals of a process that cannot go on anyhow."""
HELD_BACK: Final = signal.valid_signals() - FAULTS
TRIES: Final = 10
"""How often Python calls each hook, and a hook each step that was cut off: an exception may come
before the first line."""

Step = Callable[[], object]


def _nothing() -> None:
    pass


@attrs.frozen
class _Steps:
    before: Step
    after_in_parent: Step
    after_in_child: Step


class OwnableLock(Protocol):
    """A `threading.RLock`."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """See `threading.RLock.acquire`."""
        ...

    def release(self) -> None:
        """See `threading.RLock.release`."""
        ...


def is_held_here(lock: OwnableLock) -> bool:
    """Whether the calling thread holds an RLock; asked as threading.Condition asks."""
    return bool(lock._is_owned())  # type: ignore[attr-defined]


def let_go(lock: OwnableLock) -> None:
    """Release an RLock, as often as the calling thread has taken it."""
    while is_held_here(lock):
        lock.release()


class HeldThroughForks:
    """An RLock that the forking thread takes before a fork and releases after it.

    Both may be cut off by an exception at any line, and called again. Where that thread holds
    the lock already, it is left as it is.
    """

    def __init__(self, lock: OwnableLock) -> None:
        self._lock = lock
        self._mine = _WasHeld()

    @property
    def is_mine(self) -> bool:
        """Whether the calling thread is forking."""
        return self._mine.was_held is not None

    def take(self, seconds: float = -1) -> None:
        """Have it, however long that takes; or within so many seconds, or else go without."""
        if self._mine.was_held is None:
            self._mine.was_held = is_held_here(self._lock)
        if not is_held_here(self._lock):
            self._lock.acquire(timeout=seconds)

    def release(self) -> None:
        """Leave it as it was before `take`."""
        if self._mine.was_held is False:
            let_go(self._lock)
        self._mine.was_held = None


class _WasHeld(threading.local):
    was_held: bool | None = None


def at_fork(
    *,
    before: Step = _nothing,
    after_in_parent: Step = _nothing,
    after_in_child: Step = _nothing,
) -> None:
    """Have these called around every fork: `before` in reverse order, the others in order.

    A signal handler may raise an exception at any line of them; then the step is called again.
    So each of them must come to the same end when it is called once more, from wherever it was
    cut off. The forking thread takes no signal from the first step to the last one; where it is
    the main one, Python still calls handlers there for signals that another thread has taken.
    """
    _all_steps.append(_Steps(before, after_in_parent, after_in_child))


_all_steps: Final[list[_Steps]] = []


class _Fork(threading.local):
    """The fork that a thread is making."""

    has_begun = False
    is_ready = False
    mask: set[int | signal.Signals] | None = None
    """The signals that were held back before it."""


_fork: Final = _Fork()


def _hold_signals_back() -> None:
    if _fork.mask is None:  # Asked first: what holds them back may raise, and return nothing.
        _fork.mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)


def _let_signals_come() -> None:
    if _fork.mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _fork.mask)
        _fork.mask = None


def _before() -> None:
    if not _fork.is_ready:
        _fork.has_begun = True
        _call([_hold_signals_back, *(steps.before for steps in reversed(_all_steps))])
        _fork.is_ready = True


def _after_in_parent() -> None:
    if _fork.has_begun:
        _call([*(steps.after_in_parent for steps in _all_steps), _end])


def _after_in_child() -> None:
    """Handlers of signals may use the child's own things: those are not to be forgotten."""
    if _begun_anew.pid != os.getpid():
        _call([steps.after_in_child for steps in _all_steps])
        _begun_anew.pid = os.getpid()
    _call([_end])


def _end() -> None:
    _fork.is_ready = False
    _let_signals_come()
    _fork.has_begun = False


class _BegunAnew:
    """The forked process in which all was called that is to be called there."""

    pid: int | None = None


_begun_anew: Final = _BegunAnew()


def _call(steps: list[Step]) -> None:
    """Call every step to its end; then raise what cut one off: Python logs that on stderr."""
    cut_by: BaseException | None = None
    for step in steps:
        for _ in range(TRIES):
            try:
                step()
                break
            except BaseException as error:  # noqa: BLE001 - a handler's; raised in the end
                cut_by = error
    if cut_by is not None:
        raise cut_by


if hasattr(os, "register_at_fork"):
    for _ in range(TRIES):
        os.register_at_fork(
            before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
        )
