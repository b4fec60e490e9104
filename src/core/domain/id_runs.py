"""Runs of ids: many ids, where most follow one another, in few words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs


@attrs.frozen(order=True)
class IdRun:
    """All ids from the first to the last one."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1


def joined(runs: Iterable[IdRun]) -> tuple[IdRun, ...]:
    """The same ids in as few runs as there can be, in order."""
    whole: list[IdRun] = []
    for run in sorted(runs):
        if whole and run.first <= whole[-1].last + 1:
            whole[-1] = IdRun(whole[-1].first, max(whole[-1].last, run.last))
        else:
            whole.append(run)
    return tuple(whole)


def between(runs: Iterable[IdRun], after: int, up_to: int) -> tuple[IdRun, ...]:
    """Those of the ids that are greater than `after` and not greater than `up_to`."""
    cut = (IdRun(max(run.first, after + 1), min(run.last, up_to)) for run in runs)
    return tuple(run for run in cut if run.first <= run.last)


def runs_of(ids: Iterable[int]) -> tuple[IdRun, ...]:
    """These ids as runs."""
    return joined(IdRun(id_, id_) for id_ in ids)


def without(run: IdRun, ids: Sequence[int]) -> list[IdRun]:
    """What is left of a run without these ids, which are in order."""
    left: list[IdRun] = []
    first = run.first
    for id_ in ids:
        if first <= id_ <= run.last:
            left.append(IdRun(first, id_ - 1))
            first = id_ + 1
    left.append(IdRun(first, run.last))
    return [part for part in left if part.first <= part.last]
