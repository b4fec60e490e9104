"""The demo from its first line to its last."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from rich.markup import escape

from .... import Errands
from ..opening import operator_of
from ..output import Trouble, say
from .performance import PROCESSES, Performance, add_files, perform
from .report import report
from .sources import Source, find_sources
from .verdict import judge

FILE: Final = "errands-demo.db"
LOG: Final = "errands-demo.log"
"""What the workers print; it stays if the demo fails."""


def run(limit: int | None, url: str | None) -> int:
    """Give the demo and say what came of it; 1 if not every job was settled exactly once."""
    place = _fresh_place(url)
    with TemporaryDirectory(prefix="errands-demo-") as made:
        sources = find_sources(Path(made), limit)
        say(f"[bold]Errands demo[/]: {escape(sources.note)}.")
        with Path(LOG).open("wb") as log:
            happened = asyncio.run(_perform(place, sources.files, log))
    Path(LOG).unlink()
    operator = operator_of(place)
    verdict = judge(operator, [file.name for file in sources.files])
    report(verdict, happened, place)
    return 1 if verdict.doubts else 0


async def _perform(url: str, files: tuple[Source, ...], log: IO[bytes]) -> Performance:
    async with Errands(url) as app:
        await add_files(app, files)
        say(f"Each is a job in {escape(app.url)} now; {PROCESSES} worker processes start.")
        return await perform(app, len(files), log)


def _fresh_place(url: str | None) -> str:
    """The URL of a database that does not exist: the demo's own file is removed first."""
    if url is None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{FILE}{suffix}").unlink(missing_ok=True)
        return f"sqlite:///./{FILE}"
    facts = operator_of(url).facts()
    if facts.exists:
        raise Trouble(f"{facts.url} exists; the demo wants a SQLite file of its own", 2)
    return url
