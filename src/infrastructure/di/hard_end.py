"""The end of a process that is ours, when something in it would never end."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, ClassVar, Final

from ...core.application.thread_wake_event import ThreadWakeEvent
from ...core.ports.process_end import ProcessEnd
from ..last_words import bounded, flush_output

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

HANGING_SECONDS: Final = 5.0
"""How long what is left may take, once the jobs are given back."""
CHILDREN_SECONDS: Final = 1.0
"""How long children may take to end, and threads that wait for them, once they are told to."""
BETWEEN_LOOKS_SECONDS: Final = 0.1
FAILURE: Final = 1

_log = logging.getLogger("errands.worker")


class HardEnd(ProcessEnd):
    """Ends the process `HANGING_SECONDS` after `begin`, unless it is called off before.

    Python waits at its end for every thread that is no daemon, for the tasks of an event loop and
    for what was handed to `asyncio.to_thread`: a handler that never returns keeps a worker from
    ending that has given back its jobs. Logs and standard output are flushed before, and what
    `multiprocessing` has started is ended with it: what runs for a job must not go on beside the
    next run of it. Children older than the loop are left alone.
    """

    _begun: ClassVar[set[HardEnd]] = set()

    def __init__(self) -> None:
        self._exit_code = 0
        self._called_off = ThreadWakeEvent()
        self._older: frozenset[BaseProcess] = frozenset()
        self._threads: list[threading.Thread] = []

    def begin(self, exit_code: int) -> None:
        """Give what is left its time, from now on; `exit_code` is that of the process then."""
        self._exit_code = exit_code
        with suppress(RuntimeError):  # No thread is to be had; what is left is seen at exit.
            self._begin(self._wait)

    def at_once(self) -> None:
        """End the process as one that has failed; called in a thread."""
        self._exit_code = FAILURE
        self._end()

    def call_off(self) -> None:
        """Nothing hangs."""
        self._called_off.set()
        self._begun.discard(self)

    @contextmanager
    def of_loop(self) -> Generator[asyncio.Runner]:
        """An event loop to work on, for a program that goes on after it.

        What work on the loop has begun is called off when the loop is closed. It is begun again
        when Python ends, as long as threads or children are left of those that work has left
        behind. Nobody knows then what the program came to: ended by force, it has failed.
        """
        before = frozenset(_left_behind())
        self._older = frozenset(_children())
        try:
            with asyncio.Runner() as runner:
                yield runner
        finally:
            self.call_off()
            self._threads = [each for each in _left_behind() if each not in before]
            if self._is_anything_left():
                # Python waits for threads before it calls what `atexit` knows; this is before.
                register: Callable[..., object] = getattr(
                    threading, "_register_atexit", atexit.register
                )
                register(self._begin_at_exit)

    def _begin_at_exit(self) -> None:
        if not self._begun and self._is_anything_left():
            self._exit_code = FAILURE
            try:
                self._begin(self._wait_for_what_is_left)
            except RuntimeError:  # No thread is to be had: Python waits here, before it does.
                self._wait_for_what_is_left(self._called_off)

    def _begin(self, wait: Callable[[ThreadWakeEvent], None]) -> None:
        self._called_off = ThreadWakeEvent()
        threading.Thread(
            target=wait, args=(self._called_off,), name="errands-end", daemon=True
        ).start()
        self._begun.add(self)

    def _wait(self, called_off: ThreadWakeEvent) -> None:
        if called_off.wait(HANGING_SECONDS):
            return
        bounded(self._say_why)
        self._end()

    def _wait_for_what_is_left(self, _: ThreadWakeEvent) -> None:
        if self._ends_within(HANGING_SECONDS):
            return
        bounded(self._say_why)
        bounded(self._end_children)
        if not self._ends_within(CHILDREN_SECONDS):
            self._end()

    def _ends_within(self, seconds: float) -> bool:
        ends = time.monotonic() + seconds
        while self._is_anything_left():
            if time.monotonic() > ends:
                return False
            time.sleep(BETWEEN_LOOKS_SECONDS)
        return True

    def _is_anything_left(self) -> bool:
        return any(each.is_alive() for each in self._threads) or any(
            not each.daemon for each in self._own()
        )

    def _own(self) -> list[BaseProcess]:
        return [child for child in _children() if child not in self._older]

    def _end_children(self) -> None:
        for child in self._own():
            child.terminate()

    def _end(self) -> None:
        try:
            bounded(self._end_children)
            bounded(logging.shutdown)
            flush_output()
        finally:
            os._exit(self._exit_code)

    def _say_why(self) -> None:
        names = ", ".join(sorted(thread.name for thread in _left_behind())) or "none"
        _log.warning("ended although something was left that does not end; threads: %s", names)


def _left_behind() -> list[threading.Thread]:
    main = threading.main_thread()
    return [each for each in threading.enumerate() if each is not main and not each.daemon]


def _children() -> list[BaseProcess]:
    """Running processes that `multiprocessing` has started, where anybody has loaded it."""
    is_loaded = "multiprocessing.process" in sys.modules
    return sys.modules["multiprocessing.process"].active_children() if is_loaded else []
