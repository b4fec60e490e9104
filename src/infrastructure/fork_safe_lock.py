"""Locks that a forked child finds open."""

from __future__ import annotations

import threading
from typing import Final
from weakref import WeakSet

from ..core.application.at_fork import at_fork, is_held_here

_locks: Final[WeakSet[threading.RLock]] = WeakSet()


def fork_safe_lock() -> threading.RLock:
    """A lock that is open in a forked child, whoever held it in the parent.

    The thread that held it does not exist there, and would never let go. What it guards may be
    half done, so it is for what a child may find so. A signal handler does not wait for what its
    own thread holds, which would be for ever: it may find it half done, too.
    """
    lock = threading.RLock()
    _locks.add(lock)
    return lock


def _open_all() -> None:
    for lock in list(_locks):
        if not is_held_here(lock):
            lock._at_fork_reinit()  # type: ignore[attr-defined] # as threading.Condition does


at_fork(after_in_child=_open_all)
