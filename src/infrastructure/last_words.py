"""What a process still says when it is ended at once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

SECONDS: Final = 1.0


def bounded(call: Callable[[], object]) -> None:
    """Call it in a thread, for 1 s at the most: what hangs may hold its lock. Never raises.

    Where no thread is to be had it is called here.
    """

    def quietly() -> None:
        with suppress(Exception):  # A closed pipe, say; nobody is left to be told.
            call()

    thread = threading.Thread(target=quietly, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        quietly()
    else:
        thread.join(SECONDS)


def flush_output() -> None:
    """Flush standard output and standard error."""
    for stream in (sys.stdout, sys.stderr):
        bounded(stream.flush)
