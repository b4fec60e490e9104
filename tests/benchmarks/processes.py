"""Programs in processes of their own."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final, Self

from tests.benchmarks import starting
from tests.benchmarks.starting import Forked, Start, afresh

ROOT: Final = starting.ROOT
_ways: list[Start] = [afresh]


@contextmanager
def forking() -> Generator[None]:
    """Programs are forked inside the block: for runs whose figures nobody reads."""
    _ways.append(Forked)
    try:
        yield
    finally:
        _ways.pop()


class Program:
    """One of the programs, started; a context manager that leaves no process behind."""

    def __init__(self, name: str, **arguments: Any) -> None:
        self._name = name
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self._process = _ways[-1](name, arguments, self._errors)

    def hear(self) -> dict[str, Any]:
        """What the program says next. Raises `RuntimeError` where it ended instead."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} ended early:\n{self.errors()}")
        said: dict[str, Any] = json.loads(line)
        return said

    def say(self, word: str) -> None:
        """Give the program a word."""
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def require_alive(self) -> None:
        """Raise `RuntimeError` where the program has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"{self._name} ended early:\n{self.errors()}")

    def errors(self) -> str:
        """What it has written to stderr so far."""
        self._errors.seek(0)
        return self._errors.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.read()
        self._process.stdout.close()
        self._process.wait()
        self._errors.close()


def run(name: str, **arguments: Any) -> dict[str, Any]:
    """Run a program to its end and give what it told."""
    with Program(name, **arguments) as program:
        return program.hear()
