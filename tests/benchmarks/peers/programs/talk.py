"""What every peer's program says and hears; standard library only.

A program runs in the environment of its peer, where nothing of this project is installed. It is
given one act as JSON, hears words on stdin and prints JSON lines.
"""

from __future__ import annotations

import json
import platform
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import Any, Final

DATA_BYTES: Final = 200
SAY: Final = sys.stdout
sys.stdout = sys.stderr  # What a peer prints by itself must not stand between our lines.
FULL: Final = "full"
"""The settings for throughput; the others are for a worker that waits."""


def data(**facts: int) -> dict[str, Any]:
    """A JSON object of 200 bytes, with these facts in it."""
    written = sum(len(f'"{name}":{value},') for name, value in facts.items())
    return {**facts, "text": "x" * (DATA_BYTES - written - len('{"text":""}'))}


def arguments() -> dict[str, Any]:
    """The act and what belongs to it, from the command line."""
    given: dict[str, Any] = json.loads(sys.argv[1])
    return given


def tell(**facts: Any) -> None:
    """Say something to the harness."""
    print(json.dumps(facts), file=SAY, flush=True)


def hear() -> str:
    """The harness's next word; "stop" once it has gone."""
    return sys.stdin.readline().strip() or "stop"


def tell_versions(packages: Sequence[str]) -> None:
    """Say which versions take part; what is not installed does not."""
    found: dict[str, str] = {}
    for name in packages:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    runtime = f"Python {platform.python_version()}"
    tell(runtime=runtime, packages=found, sqlite=sqlite3.sqlite_version)


class Runs:
    """The handler of a drain: does nothing but count, and keeps the first moment.

    `all_started` is set at the start of the last run of a share; it is a threading.Event or an
    asyncio.Event.
    """

    def __init__(self, share: int | None, all_started: Any) -> None:
        self.share = share
        self.count = 0
        self.first = 0.0
        self.all_started = all_started

    def handle(self, given: dict[str, Any]) -> None:
        """One run."""
        if not self.count:
            self.first = perf_counter()
        self.count += 1
        if self.count == self.share:
            self.all_started.set()
