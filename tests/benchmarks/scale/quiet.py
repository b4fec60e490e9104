"""Turns of several programs that measure on one machine."""

from __future__ import annotations

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self


class Quiet:
    """A lock on a file: shared while databases are made, one's own while something is timed.

    Without a file there is nobody to take turns with.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self._is_alone = False

    def __enter__(self) -> Self:
        if self._path is not None:
            self._file = self._path.open("a")
            self._take(fcntl.LOCK_SH)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    @contextmanager
    def alone(self) -> Generator[None]:
        """Nobody else measures, or makes anything, as long as the block runs."""
        self._take(fcntl.LOCK_EX)
        self._is_alone = True
        try:
            yield
        finally:
            self._is_alone = False
            self._take(fcntl.LOCK_SH)

    def step_aside(self) -> None:
        """Let those measure who have been waiting for it; not while we do."""
        if self._file is not None and not self._is_alone:
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self._take(fcntl.LOCK_SH)

    def _take(self, kind: int) -> None:
        if self._file is not None:
            fcntl.flock(self._file, kind)
