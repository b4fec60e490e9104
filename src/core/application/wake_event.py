"""A wish to wake one coroutine, made from any thread."""

from __future__ import annotations

import asyncio
import threading


class WakeEvent:
    """Remembers that it was set until somebody waits; setting it twice is setting it once.

    Belongs to the event loop that is running when it is made. One coroutine may wait. However
    often other threads set it while the loop is busy, the loop is called once: what is written
    to wake a loop has room for a few hundred calls.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._is_set = False
        self._is_posted = False
        self._waiter: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Wake the waiter, now or when it comes. From any thread, never blocks."""
        if self._is_set or self._loop.is_closed():
            return
        if threading.get_ident() == self._thread:
            self._set_here()
        elif not self._is_posted:
            self._post()

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is set, at most so long; whether it was."""
        if self._is_set:
            self._is_set = False
            return True
        self._waiter = waiter = self._loop.create_future()
        timer = None if seconds is None else self._loop.call_later(seconds, _wake, waiter)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()
        was_set, self._is_set = self._is_set, False
        return was_set

    def _post(self) -> None:
        try:
            # Before the call: it may run, and take this back, before this thread goes on.
            self._is_posted = True
            self._loop.call_soon_threadsafe(self._set_posted)
        except RuntimeError:
            return
        except BaseException:
            self._is_posted = False
            raise

    def _set_posted(self) -> None:
        self._is_posted = False
        self._set_here()

    def _set_here(self) -> None:
        if self._waiter is not None:
            _wake(self._waiter)
        self._is_set = True


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
