"""Synchronous handlers in threads."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

from ...core.ports.executor import Executor

T = TypeVar("T")
Task = Callable[[], None]


class ThreadExecutor(Executor):
    """As many threads as are busy at once, kept for the next handler.

    The threads are daemons: a handler that never returns does not keep the process
    alive after the worker has given its job back.
    """

    def __init__(self) -> None:
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._idle = 0

    def submit(self, function: Callable[[], T]) -> asyncio.Future[T]:
        """See the port."""
        context = contextvars.copy_context()
        future: Future[T] = Future()
        with self._lock:
            if self._idle:
                self._idle -= 1
            else:
                self._threads += 1
                name = f"errands-handler-{self._threads}"
                serve = partial(self._serve, self._tasks)
                threading.Thread(target=serve, name=name, daemon=True).start()
            self._tasks.put(lambda: _run(future, lambda: context.run(function)))
        return asyncio.wrap_future(future)

    def close(self) -> None:
        """See the port."""
        with self._lock:
            tasks, self._tasks = self._tasks, SimpleQueue()
            threads, self._threads, self._idle = self._threads, 0, 0
        for _ in range(threads):
            tasks.put(None)

    def _serve(self, tasks: SimpleQueue[Task | None]) -> None:
        """Work off one queue; a thread of before a close serves nobody after it."""
        while (task := tasks.get()) is not None:
            task()
            with self._lock:
                if tasks is self._tasks:
                    self._idle += 1


def _run(future: Future[T], function: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function())
    except (StopIteration, GeneratorExit) as error:
        # No future can carry these into a coroutine: whoever awaits would never be told.
        told = RuntimeError(f"the handler raised {type(error).__name__}")
        told.__cause__ = error
        future.set_exception(told)
    except BaseException as error:  # noqa: BLE001 - handed on to the loop
        future.set_exception(error)
