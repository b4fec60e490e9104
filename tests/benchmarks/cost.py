"""L: what one job costs the database."""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks import processes
from tests.benchmarks.adding import recorded_adds
from tests.benchmarks.bench import Bench
from tests.benchmarks.draining import recorded_drain
from tests.benchmarks.recording import load
from tests.benchmarks.result import Result


def measure_cost(bench: Bench) -> list[Result]:
    """L: commits, statements and bytes of log for a job, added and run in several ways."""
    sizes = bench.sizes
    kinds = [
        ("added singly", sizes.single_adds, recorded_adds(bench, sizes.single_adds, 1)),
        ("added by add_many", sizes.adds_at_once, recorded_adds(bench, sizes.adds_at_once, 0)),
        *(
            (f"run, concurrency {slots}", count, recorded_drain(bench, count, slots))
            for slots, count in ((1, sizes.drained_singly), (bench.targets.best, sizes.drained))
        ),
    ]
    return [
        result
        for how, count, (before, recording) in kinds
        for result in _results(bench, how, count, before, recording)
    ]


def _results(bench: Bench, how: str, count: int, before: str, recording: str) -> Sequence[Result]:
    counts = bench.store.counts(load(recording).transactions)
    counts["bytes of WAL"] = _log_bytes(bench, before, recording)
    return [
        Result(measure="L", what=f"a job {how}", value=value / count, unit=unit)
        for unit, value in counts.items()
    ]


def _log_bytes(bench: Bench, before: str, recording: str) -> int:
    """The least of several replays: others may be writing to the same server's log."""
    found: list[int] = []
    for _ in range(1 if bench.store.has_own_log else bench.sizes.summed):
        with bench.databases.copy(before) as url:
            replayed = processes.run("replay", url=url, recording=recording, weighs_log=True)
            found.append(int(replayed["log_bytes"]))
    return min(found)
