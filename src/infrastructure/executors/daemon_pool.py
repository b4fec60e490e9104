"""A few threads that keep no process from ending."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, TypeVar

from ...core.ports.executor import NoThread

T = TypeVar("T")
Task = Callable[[], None]


class DaemonPool(Executor):
    """At most `size` threads, started as they are needed, for calls that may wait for ever.

    Unlike those of the standard library's pool, Python does not wait for them when it ends.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._lock = threading.RLock()  # A signal handler may come in the middle of a call.
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._waiting = 0
        self._is_shut = False

    def submit(self, call: Callable[..., T], /, *args: Any, **named: Any) -> Future[T]:
        """See `Executor`. Raises `RuntimeError` after `shutdown`, `NoThread` where there is none.

        A call that raises either is never made.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._is_shut:
                raise RuntimeError("this pool was shut down")
            if self._waiting <= 0 and len(self._threads) < self._size:
                self._start(is_needed=not self._threads)
            self._waiting -= 1
            self._tasks.put(lambda: _run(future, lambda: call(*args, **named)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `Executor`; what waits for its turn is still done."""
        del cancel_futures
        self.end_within(None if wait else 0.0)

    def end_within(self, seconds: float | None) -> bool:
        """Take no more calls, and wait so long for those there are; whether all have ended."""
        with self._lock:
            if not self._is_shut:
                self._is_shut = True
                self._tasks.put(None)
        until = None if seconds is None else time.monotonic() + seconds
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(None if until is None else max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _start(self, *, is_needed: bool) -> None:
        name = f"{self._name}-{len(self._threads)}"
        thread = threading.Thread(target=self._serve, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            if is_needed:
                raise NoThread(str(error)) from error
        else:
            self._threads.append(thread)
            self._waiting += 1

    def _serve(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()
            del task
            with self._lock:
                self._waiting += 1
        self._tasks.put(None)  # For the others.


def _run(future: Future[T], call: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
        future.set_exception(error)
