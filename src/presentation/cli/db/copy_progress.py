"""The progress of a copy: a live bar, or a line now and then where nobody watches."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final, Protocol, TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from ....core.application.database_copy import Beginning, Stage, Step
from ..output import console, say

T = TypeVar("T")

SHARE: Final = 0.1
"""The share of a stage after which a line is printed."""
SAID: Final = {
    Beginning.RESUMED: "An earlier copy was broken off: going on where it was.",
    Beginning.ANEW: "The source has changed since an earlier copy: beginning anew.",
}


class _Shown(Protocol):
    def begin(self, beginning: Beginning) -> None: ...

    def tell(self, step: Step) -> None: ...


class _Nowhere:
    def begin(self, beginning: Beginning) -> None:
        del beginning

    def tell(self, step: Step) -> None:
        del step


class _People:
    def begin(self, beginning: Beginning) -> None:
        if beginning in SAID:
            say(SAID[beginning])


class _Lines(_People):
    def __init__(self) -> None:
        self._stage: Stage | None = None
        self._next = 0

    def tell(self, step: Step) -> None:
        if step.stage is not self._stage:
            self._stage, self._next = step.stage, 0
        if step.done >= self._next and step.total:
            say(f"  {step.stage}: {step.done:,} of {step.total:,}")
            further = int(step.done + step.total * SHARE)
            self._next = min(step.total, further) if step.done < step.total else step.done + 1


class _Bars(_People):
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[Stage, TaskID] = {}

    def tell(self, step: Step) -> None:
        if step.stage not in self._tasks:
            self._tasks[step.stage] = self._progress.add_task(step.stage, total=step.total)
        self._progress.update(self._tasks[step.stage], completed=step.done)


def follow(steps: Generator[Step, None, T], *, is_silent: bool) -> T:
    """Take the steps to their end, and show how far they have come; what they come to."""
    if is_silent:
        return _followed(steps, _Nowhere())
    if not console().is_terminal:
        return _followed(steps, _Lines())
    columns = (
        TextColumn("  {task.description:<14}"),
        BarColumn(bar_width=40),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console()) as progress:
        return _followed(steps, _Bars(progress))


def _followed(steps: Generator[Step, None, T], shown: _Shown) -> T:
    beginning: Beginning | None = None
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            outcome: T = end.value
            return outcome
        if beginning is None:
            beginning = step.beginning
            shown.begin(beginning)
        shown.tell(step)
