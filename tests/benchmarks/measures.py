"""All measures, by the letters of the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.benchmarks.adding import (
    measure_adds_at_once,
    measure_merged_adds,
    measure_single_adds,
)
from tests.benchmarks.backlog import measure_backlog
from tests.benchmarks.bench import Bench
from tests.benchmarks.cost import measure_cost
from tests.benchmarks.draining import measure_drain, measure_drain_singly
from tests.benchmarks.idling import measure_idle
from tests.benchmarks.long_runs import measure_cancel, measure_crowd
from tests.benchmarks.result import Result
from tests.benchmarks.together import measure_steady, measure_workers_together
from tests.benchmarks.waking import measure_cold_wake, measure_wake, measure_wake_inside

MEASURES: Final[dict[str, Callable[[Bench], list[Result]]]] = {
    "A": measure_single_adds,
    "A100": measure_merged_adds,
    "B": measure_adds_at_once,
    "C": measure_drain,
    "C1": measure_drain_singly,
    "D": measure_wake,
    "D-cold": measure_cold_wake,
    "D0": measure_wake_inside,
    "E": measure_steady,
    "F": measure_idle,
    "G": measure_backlog,
    "H": measure_workers_together,
    "J": measure_crowd,
    "K": measure_cancel,
    "L": measure_cost,
}
