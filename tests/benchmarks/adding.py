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
            **at_least(bench.targets.single_adds, pairs.ratio),
        )
    ]


def measure_merged_adds(bench: Bench) -> list[Result]:
    """A100: adds that 100 tasks make at once, against A; on a server against bare inserts.

    What many tasks gain there is that they share commits, so they are held against one row a
    commit with nothing around it.
    """
    count = bench.sizes.merged_adds
    together = partial(_add, bench, count, 100)
    is_file = bench.store.name == "sqlite"
    alone = partial(single_adds, bench) if is_file else partial(_insert, bench)
    pairs = bench.pairs(together, alone)
    return [
        Result(
            measure="A100",
            what=f"{count:,} single adds from 100 tasks, against "
            + ("A" if is_file else "bare inserts of one row"),
            value=pairs.value,
            unit="jobs/s",
            limit=pairs.limit,
            **at_least(bench.targets.merged_adds, pairs.ratio),
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
            **at_least(bench.targets.adds_at_once, pairs.ratio),
        )
    ]


def single_adds(bench: Bench) -> float:
    """One run of A, for measures that are held against it."""
    return _add(bench, bench.sizes.single_adds, 1)


def recorded_adds(bench: Bench, count: int, tasks: int) -> tuple[str, str]:
    """An empty database, and a recording of adds to it."""
    key = f"{count} adds by {tasks}"
    if key not in bench.recordings:
        recording = bench.path("recording")
        with bench.databases.copy(bench.empty) as url:
            processes.run("add", url=url, count=count, tasks=tasks, record=recording)
        bench.recordings[key] = (bench.empty, recording)
    return bench.recordings[key]


def _pairs(bench: Bench, count: int, tasks: int) -> Pairs:
    empty, recording = recorded_adds(bench, count, tasks)
    return bench.pairs(
        partial(_add, bench, count, tasks),
        partial(replay, bench, empty, recording, count),
    )


def _add(bench: Bench, count: int, tasks: int) -> float:
    with bench.databases.copy(bench.empty) as url:
        return count / float(processes.run("add", url=url, count=count, tasks=tasks)["seconds"])


def _insert(bench: Bench) -> float:
    count = bench.sizes.single_adds
    with bench.databases.copy(bench.empty) as url:
        return count / float(processes.run("insert", url=url, count=count)["seconds"])
