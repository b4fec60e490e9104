"""Locks that a forked child finds open."""

from __future__ import annotations

import os
import threading
from typing import Final
from weakref import WeakSet

_locks: Final[WeakSet[threading.Lock]] = WeakSet()


def fork_safe_lock() -> threading.Lock:
    """A lock that is open in a forked child, whoever held it in the parent.

    The thread that held it does not exist there, and would never let go. What it guards may be
    half done, so it is for what a child may find so.
    """
    lock = threading.Lock()
    _locks.add(lock)
    return lock


def _open_all() -> None:
    for lock in _locks:
        if lock.locked():
            lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open_all)
