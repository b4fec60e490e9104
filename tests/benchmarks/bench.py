"""What every measure is given."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import attrs

from tests.benchmarks.sizes import Sizes
from tests.benchmarks.stores.databases import Databases
from tests.benchmarks.stores.store import Store
from tests.benchmarks.targets import TARGETS, Targets

Run = Callable[[], float]
"""One timed run; what it achieved, more being better."""


@attrs.frozen
class Pairs:
    """Runs of ours and of the reference, taken in turns."""

    ours: Sequence[float]
    reference: Sequence[float]

    @property
    def value(self) -> float:
        """Our median."""
        return statistics.median(self.ours)

    @property
    def limit(self) -> float:
        """The reference's median."""
        return statistics.median(self.reference)

    @property
    def ratio(self) -> float:
        """The median of the pairs' ratios: what disturbs one pair disturbs both its sides."""
        return statistics.median(
            ours / reference for ours, reference in zip(self.ours, self.reference, strict=True)
        )


@attrs.define(eq=False)
class Bench:
    """A store, sizes and databases, and recordings for all measures that want them.

    `recordings` holds, by what it is of, a database and a recording of what was done to it;
    `folder` is for files that nobody needs afterwards.
    """

    store: Store
    sizes: Sizes
    databases: Databases
    folder: Path
    say: Callable[[str], None]
    recordings: dict[str, tuple[str, str]] = attrs.field(factory=dict)
    _empty: str | None = attrs.field(default=None, init=False)
    _numbers: count[int] = attrs.field(factory=lambda: count(1), init=False)

    @property
    def targets(self) -> Targets:
        """What is asked of the store."""
        return TARGETS[self.store.name]

    @property
    def empty(self) -> str:
        """A database with no jobs, to be copied."""
        if self._empty is None:
            self._empty = self.databases.new()
        return self._empty

    def path(self, name: str) -> str:
        """A path that no file has yet."""
        return str(self.folder / f"{next(self._numbers)}-{name}")

    def pairs(self, ours: Run, reference: Run, count: int | None = None) -> Pairs:
        """Take both in turns, the other one first each time."""
        taken: tuple[list[float], list[float]] = ([], [])
        total = self.sizes.pairs if count is None else count
        for turn in range(total):
            self.say(f"pair {turn + 1} of {total}")
            for side in (0, 1) if turn % 2 == 0 else (1, 0):
                taken[side].append((ours, reference)[side]())
        return Pairs(*taken)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
