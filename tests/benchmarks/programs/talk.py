"""How a program and the harness that started it talk: words in, JSON lines out."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Coroutine
from typing import Any

from tests.benchmarks.loops import run


def arguments() -> dict[str, Any]:
    """What the harness asks for, from the command line."""
    given: dict[str, Any] = json.loads(sys.argv[1])
    return given


def tell(**facts: Any) -> None:
    """Say something to the harness."""
    print(json.dumps(facts), flush=True)


class Words:
    """The harness's words, awaited without a thread that would outlive the program."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin.fileno(), self._read)

    async def next(self) -> str:
        """The next word; "stop" once the harness has gone."""
        return await self._lines.get()

    def _read(self) -> None:
        line = sys.stdin.readline()
        if not line:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        self._lines.put_nowait(line.strip() or "stop")


def start(main: Coroutine[Any, Any, None], *, uvloop: bool = False) -> None:
    """Run a program; the library's warnings go to stderr, where the harness counts them."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")
    run(main, uvloop=uvloop)
