"""The demo's progress: a live bar, or a line now and then where nobody watches."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ..output import console, say

STEP = 0.1
"""The share of the whole after which a line is printed."""


class Shown(Protocol):
    """Where progress is told."""

    def tell(self, done: int, note: str) -> None:
        """So many jobs are settled; `note` says what else there is."""
        ...


class _Bar:
    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("analysing", total=total, note="")

    def tell(self, done: int, note: str) -> None:
        self._progress.update(self._task, completed=done, note=note)


class _Lines:
    def __init__(self, total: int) -> None:
        self._total = total
        self._next = 0

    def tell(self, done: int, note: str) -> None:
        if done >= self._next:
            say(f"  {done:>5,} of {self._total:,} settled, {note}")
            self._next = (
                min(self._total, int(done + self._total * STEP)) if done < self._total else done + 1
            )


@contextmanager
def shown_progress(total: int) -> Generator[Shown, None, None]:
    """Something to tell progress to, until the block ends."""
    if not console().is_terminal:
        yield _Lines(total)
        return
    columns = (
        TextColumn("  {task.description}"),
        BarColumn(bar_width=40),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[note]}[/]"),
    )
    with Progress(*columns, console=console()) as progress:
        yield _Bar(progress, total)
