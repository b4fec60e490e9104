"""Real processes that a test starts, listens to and kills."""

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from tests import forked

PATIENCE_SECONDS = 30.0
"""For a machine that is busy; a test that passes never waits so long."""


class Program:
    """A function of a module of programs, in a process of its own.

    What it prints arrives line by line; what it is told it reads from its input. `under` is
    a command that becomes the one given to it.
    """

    def __init__(
        self,
        name: str,
        *arguments: object,
        module: str = "tests.integration.programs",
        under: Sequence[str] = (),
    ) -> None:
        self.name = name
        self._process = forked.start([name, *map(str, arguments)], module=module, under=under)
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._errors: list[str] = []
        self._readers = [
            threading.Thread(target=self._read_output, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def errors(self) -> str:
        """What it wrote to its standard error so far."""
        return "".join(self._errors)

    def line(self, timeout: float = PATIENCE_SECONDS) -> str:
        """The next line it prints."""
        line = self._lines.get(timeout=timeout)
        assert line is not None, f"{self.name} ended early:\n{self.errors}"
        return line

    def expect(self, wanted: str, timeout: float = PATIENCE_SECONDS) -> None:
        """Read the next line, which must be this one."""
        assert self.line(timeout) == wanted

    def lines_so_far(self) -> Iterator[str]:
        """What it has printed and nobody has read; the rest too, once it was killed."""
        while not self._lines.empty():
            line = self._lines.get()
            if line is None:
                return
            yield line

    def rest(self, timeout: float = PATIENCE_SECONDS) -> Iterator[str]:
        """All that it prints from now on, until it has ended: a line each so often."""
        while (line := self._lines.get(timeout=timeout)) is not None:
            yield line

    def tell(self, line: str = "") -> None:
        """Write a line to its input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL, and see it gone."""
        self._process.kill()
        self.close()

    def wait(self, timeout: float = PATIENCE_SECONDS) -> int:
        """Its exit code, once it has ended."""
        return self._process.wait(timeout)

    def succeed(self) -> None:
        """Wait for its end, which must be a good one."""
        code = self.wait()
        for reader in self._readers:
            reader.join()
        assert code == 0, f"{self.name} ended with {code}:\n{self.errors}"

    def close(self) -> None:
        """End it by force if it still runs, and let go of its pipes."""
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                _close_quietly(pipe)

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        self._errors.extend(self._process.stderr)


def _close_quietly(pipe: IO[str]) -> None:
    """What could not be written to a process that is gone is of no use any more."""
    with suppress(BrokenPipeError):
        pipe.close()


class Processes:
    """The programs of one test, all on the same file."""

    def __init__(self, path: Path, module: str = "tests.integration.programs") -> None:
        self._path = path
        self._module = module
        self._programs: list[Program] = []

    def start(self, name: str, *arguments: object) -> Program:
        """Start a program; the file is its first argument."""
        program = Program(name, self._path, *arguments, module=self._module)
        self._programs.append(program)
        return program

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for program in self._programs:
            program.close()
