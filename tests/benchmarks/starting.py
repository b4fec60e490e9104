"""How a program's process is started: afresh, or forked where only its working counts."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import IO, Any, Final, Protocol

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAMS: Final = "tests.benchmarks.programs"
PRELOADED: Final = [
    "tests.benchmarks.programs.hop",
    "tests.benchmarks.programs.work",
    "alembic.command",
    "errands.infrastructure.persistence.sql.sqlite.store",
    "errands.infrastructure.persistence.sql.server.store",
]
"""What every program needs; a driver that is missing is not missed here."""


class Process(Protocol):
    """A process that was started, with text in and out."""

    stdin: IO[str] | None
    """Where it hears words."""
    stdout: IO[str] | None
    """Where it tells facts."""

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...

    def wait(self) -> int:
        """Wait for its end; its exit code."""
        ...


Start = Callable[[str, dict[str, Any], IO[str]], Process]
"""Starts a program by its name, with arguments and a file for its errors."""


def afresh(name: str, arguments: dict[str, Any], errors: IO[str]) -> Process:
    """A new interpreter, as everybody runs one."""
    return subprocess.Popen(
        [sys.executable, "-m", f"{PROGRAMS}.{name}", json.dumps(arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )


class Forked(Process):
    """A child of an interpreter that has imported everything: a second is saved each time.

    `DupFd` works only while a process is being started, so they are made where it pickles.
    """

    def __init__(self, name: str, arguments: dict[str, Any], errors: IO[str]) -> None:
        context = get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        (its_in, our_in), (our_out, its_out) = os.pipe(), os.pipe()
        self.stdin = os.fdopen(our_in, "w")
        self.stdout = os.fdopen(our_out)
        streams = Streams([its_in, its_out, errors.fileno()])
        self._process = context.Process(target=run_here, args=(name, arguments, streams))
        self._process.start()
        os.close(its_in)
        os.close(its_out)

    def poll(self) -> int | None:
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def wait(self) -> int:
        self._process.join()
        return self._process.exitcode or 0


class Streams:
    """File descriptors on their way to another process."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers

    def __reduce__(self) -> Any:
        return _arrived, ([DupFd(number) for number in self.numbers],)


def _arrived(sent: list[Any]) -> Streams:
    return Streams([each.detach() for each in sent])


def run_here(name: str, arguments: dict[str, Any], streams: Streams) -> None:
    """Run a program in this process, with these as its standard streams."""
    for number, arrived in enumerate(streams.numbers):
        os.dup2(arrived, number)
        os.close(arrived)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", 1)
    sys.argv = [name, json.dumps(arguments)]
    os.chdir(ROOT)
    runpy.run_module(f"{PROGRAMS}.{name}", run_name="__main__")
    sys.stdout.flush()
