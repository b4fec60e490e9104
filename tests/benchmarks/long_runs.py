"""J and K: many long runs at once, and how soon a run is cancelled."""

from __future__ import annotations

from tests.benchmarks import processes
from tests.benchmarks.bench import Bench, percentile
from tests.benchmarks.processes import Program
from tests.benchmarks.result import Result, at_most


def measure_crowd(bench: Bench) -> list[Result]:
    """J: hundreds of handlers with progress every second."""
    sizes, url = bench.sizes, bench.databases.new()
    found = processes.run(
        "crowd", url=url, handlers=sizes.long_handlers, seconds=sizes.long_seconds
    )
    [(written,)] = bench.store.look(
        url, "SELECT count(*) FROM errands_event WHERE type = 'progress'"
    )
    what = f"{sizes.long_handlers} handlers of {sizes.long_seconds:g} s, progress each second: "
    late = percentile(found["delays"], 0.99)
    return [
        Result(
            measure="J",
            what=what + "event loop late",
            value=late,
            unit="ms p99",
            **at_most(50, late, "ms"),
        ),
        Result(
            measure="J",
            what=what + "progress written",
            value=written / found["seconds"],
            unit="writes/s",
        ),
        Result(measure="J", what=what + "CPU", value=found["cpu_percent"], unit="% of a core"),
    ]


def measure_cancel(bench: Bench) -> list[Result]:
    """K: cancel called in one process, CancelledError raised in another."""
    url, count = bench.databases.new(), bench.sizes.cancels
    with Program("cancelled", url=url, concurrency=count) as worker:
        worker.hear()
        called = processes.run("cancel", url=url, count=count)["moments"]
        worker.say("stop")
        raised = worker.hear()["moments"]
    delays = [(raised[id_] - called[id_]) / 1e6 for id_ in called]
    half, most = percentile(delays, 0.5), percentile(delays, 0.99)
    what = f"{count} cancels to CancelledError in another process"
    return [
        Result(measure="K", what=what, value=half, unit="ms p50"),
        Result(measure="K", what=what, value=most, unit="ms p99", **at_most(250, most, "ms")),
    ]
