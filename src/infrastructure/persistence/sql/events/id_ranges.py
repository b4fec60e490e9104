"""Runs of ids in statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import or_
from sqlalchemy.sql import ColumnElement

from .....core.domain.id_runs import IdRun

AT_ONCE: Final = 500
"""Runs that are asked for in one statement."""


def batched(runs: Sequence[IdRun]) -> Iterator[Sequence[IdRun]]:
    """The runs in parts that one statement can ask for."""
    for start in range(0, len(runs), AT_ONCE):
        yield runs[start : start + AT_ONCE]


def is_in(id_: ColumnElement[Any], runs: Sequence[IdRun]) -> ColumnElement[bool]:
    """Whether an id is in one of these runs."""
    single = [run.first for run in runs if run.first == run.last]
    longer = [id_.between(run.first, run.last) for run in runs if run.first < run.last]
    return or_(id_.in_(single), *longer) if single else or_(*longer)
