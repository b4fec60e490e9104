"""The real command, in processes of its own."""

import json
import os
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import attrs

from tests import forked

COMMAND = str(Path(sys.executable).with_name("errands"))
HIDDEN = ("JOB_QUEUE_DATABASE_URL", "ERRANDS_", "COLUMNS", "FORCE_COLOR", "PYTHONWARNINGS")


@attrs.frozen
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(**more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN)}
    return {**inherited, **more}


@attrs.frozen
class Terminal:
    """A folder in which commands are typed; the default database is in it."""

    folder: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/errands.db"

    def run(self, *arguments: str, stdin: str = "", **env: str) -> Done:
        process = forked.start([COMMAND, *arguments], cwd=self.folder, env=environment(**env))
        out, err = process.communicate(stdin, timeout=50)
        assert "Traceback" not in err
        return Done(process.wait(), out, err)

    @contextmanager
    def started(self, *arguments: str, **env: str) -> Generator["Started", None, None]:
        """A command that goes on; whatever it started is gone afterwards."""
        with self._running([COMMAND, *arguments], **env) as started:
            yield started

    @contextmanager
    def runs(self, *program: str, **env: str) -> Generator["Started", None, None]:
        """A program of the folder, with its arguments, that goes on, as `started`."""
        with self._running(program, **env) as started:
            yield started

    @contextmanager
    def _running(self, command: Sequence[str], **env: str) -> Generator["Started", None, None]:
        process = forked.start(
            command, cwd=self.folder, env=environment(PYTHONUNBUFFERED="1", **env)
        )
        assert process.stdin is not None
        process.stdin.close()
        started = Started(process)
        try:
            yield started
        finally:
            process.kill()
            process.wait()
            # Children that are supervised end with their supervisor, and so does what they print.
            started.err.read()
            started.out.read()
            started.out.close()
            started.err.close()


@attrs.frozen
class Started:
    process: forked.Process

    @property
    def out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    @property
    def err(self) -> IO[str]:
        assert self.process.stderr is not None
        return self.process.stderr

    def says(self, text: str) -> str:
        """The next line of standard error with this text; waits for it."""
        return _line_with(text, self.err)

    def prints(self, text: str) -> str:
        """The next line of standard output with this text; waits for it."""
        return _line_with(text, self.out)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ends(self) -> int:
        return self.process.wait(timeout=50)


def _line_with(text: str, stream: IO[str]) -> str:
    said: list[str] = []
    for line in stream:
        if text in line:
            return line
        said.append(line)
    raise AssertionError(f"ended without saying {text!r}, but: {''.join(said[-20:])}")
