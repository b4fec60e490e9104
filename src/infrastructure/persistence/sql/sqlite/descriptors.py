"""Which files this process has open, without opening or closing any of them."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs

FOLDERS: Final = ("/proc/self/fd", "/dev/fd")
"""Where systems list the descriptors of a process: Linux, macOS and BSD."""

MARKS: Final = (23, 28, 17)
"""SIGURG, SIGWINCH and SIGCHLD of Linux, which are ignored: one a generation of children."""
NO_MARK: Final = 0

File = tuple[int, int]
"""A file's device, and its number there."""


@attrs.frozen
class Inherited:
    """What a descriptor led to when this process was forked, and the mark that this has."""

    file: File
    mark: int


def inherited(generation: int) -> dict[int, Inherited] | None:
    """Descriptors of regular files that a child finds; None where the system does not tell.

    Each is marked, so that it is told from one that gets its number when it is closed. What has a
    mark already keeps it: parents and children share what they have opened before a fork, and
    so its mark.
    """
    for folder in FOLDERS:
        try:
            numbers = [int(entry.name) for entry in Path(folder).iterdir()]
        except OSError:
            continue
        found = {number: _file(number) for number in numbers}
        return {
            number: Inherited(file, _marked(number, generation))
            for number, file in found.items()
            if file is not None
        }
    return None


def open_on(descriptors: Mapping[int, Inherited], file: File) -> bool:
    """Whether one of these leads to a file, and is open still."""
    return any(
        known.file == file and _file(number) == file and _mark(number) == known.mark
        for number, known in descriptors.items()
    )


def _file(descriptor: int) -> File | None:
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def _marked(descriptor: int, generation: int) -> int:
    if not _mark(descriptor) and sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, MARKS[generation % len(MARKS)])
    return _mark(descriptor)


def _mark(descriptor: int) -> int:
    """The signal by which Linux would tell of it, if it ever did so for a regular file."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            return fcntl.fcntl(descriptor, fcntl.F_GETSIG)
    return NO_MARK
