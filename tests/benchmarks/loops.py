"""Event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from importlib.util import find_spec
from typing import Any


def has_uvloop() -> bool:
    """Whether the faster loop is installed (extra `speed`)."""
    return find_spec("uvloop") is not None


def run(main: Coroutine[Any, Any, None], *, uvloop: bool) -> None:
    """Run a coroutine on asyncio's own loop, or on uvloop's."""
    if not uvloop:
        asyncio.run(main)
        return
    from uvloop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main)
