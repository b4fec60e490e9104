"""L: what one job costs the database."""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks import processes
from tests.benchmarks.adding import recorded_adds
from tests.benchmarks.bench import Bench
from tests.benchmarks.draining import recorded_drain
from tests.benchmarks.recording import Step, load
from tests.benchmarks.result import Result


def measure_cost(bench: Bench) -> list[Result]:
    """L: commits, statements and bytes of log for a job, added and run in several ways."""
    sizes = bench.sizes
    kinds = [
        ("added singly", sizes.single_adds, recorded_adds(bench, sizes.single_adds, 1)),
        ("added by add_many", sizes.adds_at_once, recorded_adds(bench, sizes.adds_at_once, 0)),
        *(
            (f"run, concurrency {slots}", count, recorded_drain(bench, count, slots))
            for slots, count in ((1, sizes.drained_singly), (100, sizes.drained))
        ),
    ]
    return [
        result
        for how, count, (before, recording) in kinds
        for result in _results(bench, how, count, before, recording)
    ]


def _results(bench: Bench, how: str, count: int, before: str, recording: str) -> Sequence[Result]:
    steps = load(recording)
    commits = sum(statement == "COMMIT" for _, statement, _ in steps)
    with bench.databases.copy(before) as path:
        replayed = processes.run("replay", path=path, recording=recording, checkpoints=False)
    return [
        Result(measure="L", what=f"a job {how}", value=value / count, unit=unit)
        for unit, value in (
            ("commits", commits),
            ("statements", _statements(steps)),
            ("bytes of WAL", replayed["log_bytes"]),
        )
    ]


def _statements(steps: Sequence[Step]) -> int:
    """Statements run, each set of parameters counting as one; BEGIN and COMMIT are none."""
    return sum(
        len(parameters) if is_many else not statement.startswith(("BEGIN", "COMMIT"))
        for is_many, statement, parameters in steps
    )
