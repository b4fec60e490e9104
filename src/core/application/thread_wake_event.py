"""A wish to wake one thread, made from any thread and any signal handler."""

from __future__ import annotations

import threading


class ThreadWakeEvent:
    """Remembers that it was set until a thread waits; setting it twice is setting it once.

    The twin of `WakeEvent`. One thread may wait. `threading.Event` will not do where a signal
    handler raises: Python hears signals when a function begins, after a call of what is written
    in C, and at a jump back (3.11 to 3.13, tried at every bytecode), so also when `Event.set`
    has just taken its inner lock and not begun the block that lets it go; then everybody waits
    for ever. Here each change is one call of a lock written in C. A forked child finds it as it
    was, and may set it.
    """

    __slots__ = ("_unset",)

    def __init__(self) -> None:
        self._unset = threading.Lock()
        self._unset.acquire()

    def set(self) -> None:
        """Wake the waiter, now or when it comes. Never blocks."""
        try:  # noqa: SIM105 - suppress() is a call, before which a signal may come
            self._unset.release()
        except RuntimeError:
            pass  # It is set already.

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is set, at most so long; whether it was."""
        return self._unset.acquire(timeout=-1 if seconds is None else _bounded(seconds))


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), threading.TIMEOUT_MAX)
