"""A peer's program in a process of its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from threading import Timer
from types import TracebackType
from typing import Any, Final, Self

from tests.benchmarks.peers.install import command_of, folder_of
from tests.benchmarks.peers.peer import Peer

LONGEST_SECONDS: Final = 240
"""How long a program may take for one act; a peer that hangs is killed."""


class PeerFailed(RuntimeError):
    """A peer's program ended without an answer; says how in a line."""


class PeerProgram:
    """One act, started; a context manager that leaves no process behind."""

    def __init__(self, peer: Peer, act: str, **given: Any) -> None:
        self._what = f"{peer.name}: {act}"
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [*command_of(peer), json.dumps({"act": act, **given})],
            cwd=folder_of(peer),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._watch = Timer(LONGEST_SECONDS, self._process.kill)
        self._watch.daemon = True
        self._watch.start()

    def hear(self) -> dict[str, Any]:
        """What the program says next. Raises `PeerFailed` where it ended instead."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise PeerFailed(f"{self._what}: {self._last_words()}")
        said: dict[str, Any] = json.loads(line)
        return said

    def say(self, word: str) -> None:
        """Give the program a word."""
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def _last_words(self) -> str:
        if not self._watch.is_alive():
            return f"no answer in {LONGEST_SECONDS} s"
        self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        return lines[-1] if lines else f"ended with {self._process.returncode}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._process.communicate()
        self._watch.cancel()
        self._errors.close()


def run(peer: Peer, act: str, **given: Any) -> dict[str, Any]:
    """Run an act to its end and give what it told."""
    with PeerProgram(peer, act, **given) as program:
        return program.hear()
