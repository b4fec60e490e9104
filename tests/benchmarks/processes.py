"""Programs in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAMS: Final = "tests.benchmarks.programs"


class Program:
    """One of the programs, started; a context manager that leaves no process behind."""

    def __init__(self, name: str, **arguments: Any) -> None:
        self._name = name
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{PROGRAMS}.{name}", json.dumps(arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

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
        self._process.communicate()
        self._errors.close()


def run(name: str, **arguments: Any) -> dict[str, Any]:
    """Run a program to its end and give what it told."""
    with Program(name, **arguments) as program:
        return program.hear()
