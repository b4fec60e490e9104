"""A signal that comes at one instruction of a call, chosen by counting.

Python hears a signal when a function begins, after a call of what is written in C, and at a jump
back. So only those instructions are counted. What sets the signal is the tracer of the instruction
before; it must not hear it itself, and so calls nothing afterwards: unpacking is no call.
"""

import dis
import random
import signal
import sys
import time
from _thread import interrupt_main
from asyncio import BaseEventLoop
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, TypeVar

import errands

NUMBER: Final = signal.SIGUSR1
CLOSE: Final = ("threading", "contextlib", "queue", "_weakrefset", "concurrent/futures/_base")
"""What of the standard library stands between two lines of ours and one written in C."""

LEAST: Final = 3
T = TypeVar("T")


def call_on_signal(call: Callable[[], object]) -> None:
    """Have this called when the signal is heard.

    But not where an event loop is about to note whom it has to wake: it would never know.
    """

    def heard(number: int, frame: FrameType | None) -> None:
        if frame is None or frame.f_code is not BaseEventLoop.call_soon.__code__:
            call()

    signal.signal(NUMBER, heard)


class Aim:
    """Counts where signals can be heard in a call, and has one heard at a chosen place.

    What counts is the code of `all`; or `ours` and what of the standard library is close to it;
    or that of modules, named with commas between them.
    """

    def __init__(self, code: str) -> None:
        self._code = code
        self._known: dict[str, bool] = {}
        self._left = 0
        self._count = 0
        self.place = ""

    def places(self, call: Callable[[], object]) -> int:
        """At how many a signal can be heard."""
        with self._tracing(0):
            call()
        return self._count

    def shoot(self, call: Callable[[], T], place: int) -> T:
        """Make the call, and have the signal heard at this place; they are counted from 1."""
        with self._tracing(place):
            return call()

    @contextmanager
    def _tracing(self, place: int) -> Generator[None]:
        self._count, self._left, self.place = 0, place, "nowhere"
        sys.settrace(self._trace)
        try:
            yield
        finally:
            sys.settrace(None)

    def _trace(self, frame: FrameType, event: str, arg: object) -> Any:
        if not self._counts(frame.f_code.co_filename):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and _is_heard_at(frame):
            self._count += 1
            if self._count == self._left:
                sys.settrace(None)
                self.place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                (_,) = map(interrupt_main, (NUMBER,))
        return self._trace

    def _counts(self, file: str) -> bool:
        found = self._known.get(file)
        if found is None:
            found = self._known[file] = self._is_meant(str(Path(file).resolve()))
        return found

    def _is_meant(self, path: str) -> bool:
        match self._code:
            case "all":
                return not path.startswith(_TESTS)
            case "ours":
                return path.startswith(_OURS) or _ends_with(path, CLOSE)
            case names:
                return _ends_with(path, names.split(","))


def chosen(points: Sequence[T], seconds: float) -> Generator[T]:
    """As many of them as there is time for, at least three, in any order."""
    left = random.sample(points, len(points))
    until = time.monotonic() + seconds
    for done, each in enumerate(left):
        if done >= LEAST and time.monotonic() >= until:
            break
        yield each


def _ends_with(path: str, names: Iterable[str]) -> bool:
    return path.endswith(tuple(f"/{name}.py" for name in names))


def _is_heard_at(frame: FrameType) -> bool:
    return dis.opname[frame.f_code.co_code[frame.f_lasti]] in _HEARD


_HEARD: Final = frozenset(
    name for name in dis.opname if name.startswith(("CALL", "BEFORE_WITH")) or "BACKWARD" in name
)
_OURS: Final = str(Path(errands.__file__).resolve().parent)
_TESTS: Final = str(Path(__file__).resolve().parents[1])
