"""Ids of events that readers pass though an open transaction may still bring them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Final

from .....core.application.log_apart import LogApart
from .....core.domain.id_runs import IdRun, joined
from ..events.watermark import Runs
from ..statement import Row

LOOKED_BACK: Final = 3_600.0
"""Seconds: what is missing of the events of this time, when a process begins to read, may come."""

MOST_RUNS: Final = 10_000
"""Runs of missing ids that a process looks for later."""

_log = LogApart(logging.getLogger("errands.server"))


def runs_between(pairs: Iterable[Row], after: int) -> Sequence[IdRun]:
    """The ids that are missing between pairs of ids in sight, the first of them behind an id."""
    gaps = ((after if lower is None else int(lower), int(higher)) for lower, higher in pairs)
    return [IdRun(lower + 1, higher - 1) for lower, higher in gaps if higher - lower > 1]


def warn_of(runs: Sequence[IdRun], seconds: float) -> None:
    """Say which events are passed over."""
    _log.warning(
        "up to %d events from %d to %d are not told in their place: a transaction that has "
        "written events is open for more than %.0f s. Who follows the events now gets them, and "
        "what else it writes, late.",
        sum(map(len, runs)),
        runs[0].first,
        runs[-1].last,
        seconds,
    )


def together(some: Runs, others: Runs) -> Runs:
    """All of them, but for the oldest where they are very many."""
    if some is others or not others:
        return some
    whole = joined((*some, *others))
    lost = whole[:-MOST_RUNS]
    if lost:
        _log.warning(
            "up to %d events from %d to %d will not be told, not even late: open transactions "
            "have written between those of others, in more than %d places.",
            sum(map(len, lost)),
            lost[0].first,
            lost[-1].last,
            MOST_RUNS,
        )
    return whole[-MOST_RUNS:]
