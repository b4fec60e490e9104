"""A, A100 and B: how fast jobs are added."""

from __future__ import annotations

from functools import partial

from tests.benchmarks import processes
from tests.benchmarks.bench import Bench, Pairs
from tests.benchmarks.replays import replay
from tests.benchmarks.result import Result, at_least

ALL_AT_ONCE = 0
"""Instead of a number of tasks: one `add_many`."""


def measure_single_adds(bench: Bench) -> list[Result]:
    """A: one add after the other."""
    count = bench.sizes.single_adds
    pairs = _pairs(bench, count, tasks=1)
    return [
        Result(
            measure="A",
            what=f"{count:,} adds, one after the other",
            value=pairs.value,
            unit="jobs/s",
            limit=pairs.limit,
            **at_least(0.5, pairs.ratio),
        )
    ]


def measure_merged_adds(bench: Bench) -> list[Result]:
    """A100: adds that 100 tasks make at once, against A."""
    count, empty = bench.sizes.merged_adds, bench.databases.new()
    together = partial(_add, bench, empty, count, 100)
    pairs = bench.pairs(together, partial(single_adds, bench))
    return [
        Result(
            measure="A100",
            what=f"{count:,} single adds from 100 tasks, against A",
            value=pairs.value,
            unit="jobs/s",
            limit=pairs.limit,
            **at_least(2, pairs.ratio),
        )
    ]


def measure_adds_at_once(bench: Bench) -> list[Result]:
    """B: one `add_many`."""
    count = bench.sizes.adds_at_once
    pairs = _pairs(bench, count, ALL_AT_ONCE)
    return [
        Result(
            measure="B",
            what=f"add_many of {count:,}",
            value=pairs.value,
            unit="jobs/s",
            limit=pairs.limit,
            **at_least(0.3, pairs.ratio),
        )
    ]


def single_adds(bench: Bench) -> float:
    """One run of A, for measures that are held against it."""
    return _add(bench, bench.databases.new(), bench.sizes.single_adds, 1)


def recorded_adds(bench: Bench, count: int, tasks: int) -> tuple[str, str]:
    """An empty database, and a recording of adds to it."""
    key = f"{count} adds by {tasks}"
    if key not in bench.recordings:
        empty, recording = bench.databases.new(), bench.databases.path("recording")
        with bench.databases.copy(empty) as path:
            processes.run("add", path=path, count=count, tasks=tasks, record=recording)
        bench.recordings[key] = (empty, recording)
    return bench.recordings[key]


def _pairs(bench: Bench, count: int, tasks: int) -> Pairs:
    empty, recording = recorded_adds(bench, count, tasks)
    return bench.pairs(
        partial(_add, bench, empty, count, tasks),
        partial(replay, bench, empty, recording, count),
    )


def _add(bench: Bench, empty: str, count: int, tasks: int) -> float:
    with bench.databases.copy(empty) as path:
        return count / float(processes.run("add", path=path, count=count, tasks=tasks)["seconds"])
