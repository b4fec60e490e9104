"""Processes that are forked from one that has everything imported; see `tests.fork_server`."""

import atexit
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import IO, Final, TypeAlias

ROOT: Final = Path(__file__).resolve().parents[1]
AT_START: Final = ("PYTHON", "LC_", "LANG")
"""Variables that an interpreter reads before all else begin so."""
UNBUFFERED: Final = "PYTHONUNBUFFERED"
ANY_BYTE: Final = "surrogateescape"
"""In what programs print, "\\udcff" is the byte 0xFF."""
NUMBER: Final = struct.Struct("!i")


def start(
    arguments: Sequence[str],
    *,
    module: str | None = None,
    cwd: Path = ROOT,
    env: Mapping[str, str] = os.environ,
    under: Sequence[str] = (),
) -> "Process":
    """Run a module, or the file of Python's that is the first argument; its streams are pipes.

    `under` is a command that becomes the one given to it. Where a copy of what is running
    would differ from a new interpreter, it is a new interpreter.
    """
    if not under and _can_fork(env):
        return ForkedProcess(arguments, module=module, cwd=cwd, env=env)
    program = [*(["-m", module] if module else []), *arguments]
    return subprocess.Popen(
        [*under, sys.executable, *program],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors=ANY_BYTE,
    )


def _can_fork(env: Mapping[str, str]) -> bool:
    return sys.platform == "linux" and _at_start(env) == _at_start(os.environ)


def _at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in env.items()
        if name.startswith(AT_START) and name != UNBUFFERED
    }


class ForkedProcess:
    """What of `subprocess.Popen` the tests use. It is the child of another process."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        module: str | None,
        cwd: Path,
        env: Mapping[str, str],
    ) -> None:
        self.returncode: int | None = None
        (stdin, to_it), (from_it, stdout), (errors, stderr) = os.pipe(), os.pipe(), os.pipe()
        self.stdin: IO[str] = os.fdopen(to_it, "w", errors=ANY_BYTE)
        self.stdout: IO[str] = os.fdopen(from_it, errors=ANY_BYTE)
        self.stderr: IO[str] = os.fdopen(errors, errors=ANY_BYTE)
        request = {
            "module": module, "arguments": list(arguments), "cwd": str(cwd), "env": dict(env),
        }  # fmt: skip
        self._waiting = Lock()
        self._status = _asked(request, [stdin, stdout, stderr])
        self.pid = _number(self._status)

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, text: str, timeout: float) -> tuple[str, str]:
        """Give it its input, and wait for its end; what it printed, also as errors."""
        with self.stdout, self.stderr, ThreadPoolExecutor(2) as reading:
            printed = [reading.submit(stream.read) for stream in (self.stdout, self.stderr)]
            try:
                with suppress(BrokenPipeError), self.stdin:
                    self.stdin.write(text)
                self.wait(timeout)
            finally:
                self.kill()
            return printed[0].result(), printed[1].result()

    def _ended(self, timeout: float | None) -> int | None:
        with self._waiting:
            if self.returncode is None and _is_told(self._status, timeout):
                self.returncode = _number(self._status)
                os.close(self._status)
            return self.returncode


def _is_told(status: int, timeout: float | None) -> bool:
    telling = select.poll()
    telling.register(status, select.POLLIN)
    return bool(telling.poll(None if timeout is None else timeout * 1_000))


def _number(status: int) -> int:
    number: int = NUMBER.unpack(os.read(status, NUMBER.size))[0]
    return number


Process: TypeAlias = "subprocess.Popen[str] | ForkedProcess"


def _asked(request: object, streams: Sequence[int]) -> int:
    """Where it is told which process was forked for a request, and later how it ended."""
    status, tell_status = os.pipe()
    given = [*streams, tell_status]
    try:
        with _asking:
            socket.send_fds(_server(), [json.dumps(request).encode()], given)
    finally:
        for each in given:
            os.close(each)
    return status


_asking = Lock()


@cache
def _server() -> socket.socket:
    """The fork server of this process, which ends with it."""
    asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with asked:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server", str(asked.fileno())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            pass_fds=[asked.fileno()],
        )
    atexit.register(process.wait)
    atexit.register(asking.close)
    return asking
