"""Synchronous handlers in threads."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

from ...core.ports.executor import Executor, NoThread
from ..fork_safe_lock import fork_safe_lock
from .forked import end_child

T = TypeVar("T")
Task = Callable[[], None]


class ThreadExecutor(Executor):
    """As many threads as are busy at once, kept for the next handler.

    The threads are daemons: a handler that never returns does not keep the process
    alive after the worker has given its job back. A forked child begins with none.
    """

    def __init__(self) -> None:
        self._lock = fork_safe_lock()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._pid = os.getpid()
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._threads = 0
        self._idle = 0

    def submit(self, function: Callable[[], T]) -> asyncio.Future[T]:
        context = contextvars.copy_context()
        future: Future[T] = Future()
        with self._lock:
            if self._pid != os.getpid():
                self._begin_anew()
            if self._idle:
                self._idle -= 1
            else:
                self._start_thread()
            self._tasks.put(lambda: _run(future, lambda: context.run(function)))
        return asyncio.wrap_future(future)

    def close(self) -> None:
        with self._lock:
            tasks, threads = self._tasks, self._threads
            self._begin_anew()
        for _ in range(threads):
            tasks.put(None)

    def _start_thread(self) -> None:
        name = f"errands-handler-{self._threads + 1}"
        serve = partial(self._serve, self._tasks)
        thread = threading.Thread(target=serve, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise NoThread(str(error)) from error
        self._threads += 1

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
    pid = os.getpid()
    try:
        result = function()
        if os.getpid() != pid:
            end_child(None)
        future.set_result(result)
    except BaseException as error:  # noqa: BLE001 - handed on to the loop
        if os.getpid() != pid:
            end_child(error)
        future.set_exception(_carried(error))


def _carried(error: BaseException) -> BaseException:
    if isinstance(error, StopIteration | GeneratorExit):
        # No future can carry these into a coroutine: whoever awaits would never be told.
        told = RuntimeError(f"the handler raised {type(error).__name__}")
        told.__cause__ = error
        return told
    return error
