"""Linux's inotify through the C library: the few calls that watching one file takes."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final, Self

_IN_MODIFY: Final = 0x00000002
_IN_NONBLOCK: Final = os.O_NONBLOCK if hasattr(os, "O_NONBLOCK") else 0
_IN_CLOEXEC: Final = getattr(os, "O_CLOEXEC", 0)
_BUFFER: Final = 64 * 1024


class Inotify:
    """One inotify instance; see inotify(7)."""

    def __init__(self, library: ctypes.CDLL, descriptor: int) -> None:
        self._library = library
        self._descriptor = descriptor

    @classmethod
    def of_system(cls) -> Inotify | None:
        """A new instance, or None where the system has none to give."""
        if not sys.platform.startswith("linux"):
            return None
        library = ctypes.CDLL(None, use_errno=True)
        descriptor = int(library.inotify_init1(_IN_NONBLOCK | _IN_CLOEXEC))
        return cls(library, descriptor) if descriptor >= 0 else None

    def watch(self, path: str) -> bool:
        """Report writes to this file; False while there is no such file.

        Watching a file again that is watched already changes nothing.
        """
        name = os.fsencode(path)
        return int(self._library.inotify_add_watch(self._descriptor, name, _IN_MODIFY)) >= 0

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._descriptor

    def drain(self) -> None:
        """Forget what was reported so far."""
        try:
            while os.read(self._descriptor, _BUFFER):
                pass
        except BlockingIOError:
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
