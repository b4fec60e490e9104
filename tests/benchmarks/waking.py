"""D, D-cold and D0: how soon an idle worker starts what is added."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack

from tests.benchmarks import processes
from tests.benchmarks.bench import Bench, percentile
from tests.benchmarks.processes import Program
from tests.benchmarks.result import Result, at_most

GAP_SECONDS = 0.02
SETTLING_SECONDS = 0.3


def measure_wake(bench: Bench) -> list[Result]:
    """D: adds 20 ms apart, the worker in another process."""
    [delays] = _delays(bench, lanes=1, count=bench.sizes.wakes, gap=GAP_SECONDS)
    return _results(
        bench, "D", f"{len(delays)} adds 20 ms apart, add call to handler start", delays
    )


def measure_cold_wake(bench: Bench) -> list[Result]:
    """D-cold: each add after a long silence.

    Several databases, each with its own idle worker and producer, stand side by side, so that
    their silences overlap; their adds do not.
    """
    sizes = bench.sizes
    lanes = _delays(bench, sizes.cold_lanes, sizes.cold_rounds, sizes.cold_seconds)
    delays = [delay for lane in lanes for delay in lane]
    what = f"{len(delays)} adds, each after {sizes.cold_seconds:g} s idle"
    return _results(bench, "D-cold", what, delays)


def measure_wake_inside(bench: Bench) -> list[Result]:
    """D0: producer and worker on one event loop, in bare hops."""
    found = processes.run(
        "hop",
        url=bench.databases.new(),
        tape_url=bench.databases.new(),
        bare_url=bench.databases.new(),
        count=bench.sizes.wakes,
        gap=GAP_SECONDS / 2,
    )
    value, limit = statistics.median(found["delays"]), statistics.median(found["hops"])
    ratio = value / limit
    return [
        Result(
            measure="D0",
            what=f"{len(found['delays'])} adds, worker in the same process, against bare hops",
            value=value,
            unit="ms p50",
            limit=limit,
            ratio=ratio,
            **at_most(bench.targets.hops, ratio),
        )
    ]


def _delays(bench: Bench, lanes: int, count: int, gap: float) -> list[list[float]]:
    """The delays of each lane: an idle worker and a producer on a database of their own."""
    with ExitStack() as running:
        pairs: list[tuple[Program, Program]] = []
        for _ in range(lanes):
            url = bench.databases.new()
            worker = running.enter_context(Program("meet", url=url))
            worker.hear()
            producer = running.enter_context(Program("produce", url=url, gap=gap, count=count))
            producer.hear()
            pairs.append((worker, producer))
        for _, producer in pairs:
            producer.say("go")
            time.sleep(gap / lanes if lanes > 1 else 0)
        for _, producer in pairs:
            producer.hear()
        time.sleep(SETTLING_SECONDS)
        for worker, _ in pairs:
            worker.say("stop")
        return [worker.hear()["delays"][1:] for worker, _ in pairs]


def _results(bench: Bench, measure: str, what: str, delays: list[float]) -> list[Result]:
    targets = bench.targets
    half, most = percentile(delays, 0.5), percentile(delays, 0.99)
    return [
        Result(
            measure=measure,
            what=what,
            value=half,
            unit="ms p50",
            **at_most(targets.wake_half_ms, half, "ms"),
        ),
        Result(
            measure=measure,
            what=what,
            value=most,
            unit="ms p99",
            **at_most(targets.wake_most_ms, most, "ms"),
        ),
    ]
