"""What a fork of this process does to its connections to SQLite files.

SQLite keeps the locks of a process in the process's memory, one entry a file. A forked child
would find that entry and take none of the system's locks; whoever closes the file next then
throws its commits away (https://sqlite.org/howtocorrupt.html, section 2.6). So every
connection is closed before a fork, and opened again by whoever needs it next.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Final, Protocol
from weakref import WeakValueDictionary

import attrs

from .....core.application.at_fork import HeldThroughForks, at_fork, let_go
from .....core.domain.store_errors import OpenAtFork
from ....inherited import leave_alone
from .descriptors import Inherited, inherited, open_on

PATIENCE_SECONDS: Final = 5.0
"""How long a fork waits for what other threads are doing on their connections."""


class Closable(Protocol):
    """A connection that can be closed while nobody is using it."""

    lock: threading.RLock
    """Held by whoever uses it."""

    @property
    def is_open(self) -> bool:
        """Whether there is anything to close."""
        ...

    @property
    def is_used_here(self) -> bool:
        """Whether the calling thread is using it."""
        ...

    @property
    def writes_to(self) -> str | None:
        """The path of the file that its user writes; None for one that only reads."""
        ...

    def close(self) -> None:
        """Close it; it is opened again when it is needed. Under its lock."""
        ...


@attrs.frozen
class _Near:
    """A fork that is being made: what its thread is using, and until when it waits for others."""

    in_use: list[Closable]
    until: float


class Forks:
    """Closes this process's connections before a fork, and keeps threads off until it is over.

    Where one cannot be closed in time, or the forking thread is using it, the child is not to
    open its file.
    """

    def __init__(self) -> None:
        self.is_near = False
        self._near: _Near | None = None
        self._inherited: dict[int, Inherited] = {}
        self._generation = 0
        self._is_blind = False
        self._begin_anew()

    def watch(self, connection: Closable) -> None:
        """Close this connection before every fork, as long as it lives."""
        with self._lock:
            self._count += 1
            self._watched[self._count] = connection

    def let_pass(self) -> None:
        """Wait until a fork that is just being made is over."""
        if self.is_near:
            with self._lock:
                pass

    def is_written_here(self, path: str, *, apart_from: Closable) -> bool:
        """Whether the calling thread is within a write to this file on another connection."""
        watched = (reference() for reference in self._watched.valuerefs())
        return any(
            each.is_used_here and _is_same_file(each.writes_to, path)
            for each in watched
            if each is not None and each is not apart_from
        )

    def require_own(self, path: str, url: str) -> None:
        """Raise `OpenAtFork` where this process was forked with a connection to the file open."""
        if self._pid != os.getpid():
            self.after_in_child()  # Something forked that calls none of Python's functions.
        try:
            found = os.stat(path)  # noqa: PTH116 - beside its twin, os.fstat
        except OSError:
            return
        if self._is_blind or open_on(self._inherited, (found.st_dev, found.st_ino)):
            raise OpenAtFork(url, REMEDY)

    def before(self) -> None:
        """Close every connection that can be closed; their locks stay taken."""
        self._turn.take()
        self.is_near = True
        watched = list(self._watched.values())
        if self._near is None:  # Else it was cut off, and some of them are taken already.
            in_use = [each for each in watched if each.is_used_here]
            self._near = _Near(in_use, time.monotonic() + PATIENCE_SECONDS)
        failure: Exception | None = None
        for connection in watched:
            if connection not in self._near.in_use and _taken(connection, self._near.until):
                try:
                    connection.close()
                except Exception as error:  # noqa: BLE001 - raised when the others are closed
                    failure = error
        if failure is not None:
            raise failure

    def after_in_parent(self) -> None:
        """Let go of what was taken."""
        if not self._turn.is_mine:
            return
        if self._near is not None:
            for connection in list(self._watched.values()):
                if connection not in self._near.in_use:
                    let_go(connection.lock)
            self._near = None
        self.is_near = False
        self._turn.release()

    def after_in_child(self) -> None:
        """Forget everything of the parent, and remember what came along all the same."""
        left = [each for each in self._watched.values() if each.is_open]
        for connection in left:
            # Its end would checkpoint, and perhaps delete, the log of those who still use it.
            leave_alone(connection)
        self._generation += 1
        found = inherited(self._generation)
        self.is_near = False
        self._near = None
        self._inherited = found or {}
        self._is_blind = found is None and bool(left)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._turn = HeldThroughForks(self._lock)
        self._count = 0
        self._watched: WeakValueDictionary[int, Closable] = WeakValueDictionary()


def _is_same_file(one: str | None, other: str) -> bool:
    try:
        return one is not None and Path(one).samefile(other)
    except OSError:
        return False


REMEDY: Final = (
    "before forking, close other connections to the file (engine.dispose()) and let long reads and "
    "writes end, or open it in the child only"
)


def _taken(connection: Closable, until: float) -> bool:
    if connection.is_used_here:  # Taken in a try that was cut off.
        return True
    return connection.lock.acquire(timeout=max(0.0, until - time.monotonic()))


FORKS: Final = Forks()

at_fork(
    before=FORKS.before,
    after_in_parent=FORKS.after_in_parent,
    after_in_child=FORKS.after_in_child,
)
