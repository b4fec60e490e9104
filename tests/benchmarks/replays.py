"""The reference of the throughput measures."""

from __future__ import annotations

from tests.benchmarks import processes
from tests.benchmarks.bench import Bench


def replay(bench: Bench, before: str, recording: str, count: int) -> float:
    """Jobs a second of a recording, run by the bare driver on a copy of the same database."""
    with bench.databases.copy(before) as url:
        return count / float(processes.run("replay", url=url, recording=recording)["seconds"])
