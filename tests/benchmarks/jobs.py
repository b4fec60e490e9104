"""The job that every measure uses: no work, 200 bytes of data."""

from __future__ import annotations

from typing import Any, Final

from errands import Errands

QUEUE: Final = "bench"
NAME: Final = "no-op"
DATA_BYTES: Final = 200


def data(**facts: int) -> dict[str, Any]:
    """A JSON object of 200 bytes, with these facts in it."""
    written = sum(len(f'"{name}":{value},') for name, value in facts.items())
    return {**facts, "text": "x" * (DATA_BYTES - written - len('{"text":""}'))}


def application(url: str) -> Errands:
    """The library as anybody uses it."""
    return Errands(url)
