"""E and H: producers and workers, and several workers, on one database."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from functools import partial

from tests.benchmarks.adding import single_adds
from tests.benchmarks.bench import Bench
from tests.benchmarks.draining import drained_a_second
from tests.benchmarks.jobs import QUEUE
from tests.benchmarks.processes import Program
from tests.benchmarks.result import Result, at_least
from tests.benchmarks.stores.store import Store

POLL_SECONDS = 0.05


def measure_steady(bench: Bench) -> list[Result]:
    """E: one process adds and one works, for some seconds."""
    pairs = bench.pairs(
        partial(_steady, bench), partial(single_adds, bench), bench.sizes.steady_rounds
    )
    return [
        Result(
            measure="E",
            what=f"one producer and one worker for {bench.sizes.steady_seconds:g} s, against A",
            value=pairs.value,
            unit="jobs/s",
            limit=pairs.limit,
            **at_least(bench.targets.steady, pairs.ratio),
        )
    ]


def _steady(bench: Bench) -> float:
    url, seconds = bench.databases.new(), bench.sizes.steady_seconds
    with (
        Program("work", url=url) as worker,
        Program("produce", url=url, seconds=seconds) as producer,
    ):
        worker.hear()
        worker.say("go")
        producer.hear()
        producer.say("go")
        producer.hear()
        [(done,)] = bench.store.look(
            url, "SELECT count(*) FROM errands_job WHERE status = 'completed'"
        )
        worker.say("stop")
        worker.hear()
    return float(done) / seconds


def measure_workers_together(bench: Bench) -> list[Result]:
    """H: a drain by two and by four processes, against one; no job may run twice."""
    count = bench.sizes.drained
    full = bench.databases.new(waiting=count)
    speeds: dict[int, list[float]] = {number: [] for number in bench.sizes.processes}
    faults = 0
    for turn in range(bench.sizes.summed):
        for processes, taken in speeds.items():
            bench.say(f"round {turn + 1}: {processes} processes")
            with bench.databases.copy(full) as url:
                faults += _drain_by(bench, processes, url, count)
                taken.append(drained_a_second(bench.store, url))
    return [
        _result(speeds, number, faults, bench.targets.two_processes if number == 2 else None)
        for number in bench.sizes.processes[1:]
    ]


def _result(
    speeds: dict[int, list[float]], processes: int, faults: int, least: float | None
) -> Result:
    value, limit = statistics.median(speeds[processes]), statistics.median(speeds[1])
    ratio = value / limit
    return Result(
        measure="H",
        what=f"C by {processes} processes against one; {faults} double runs and lock errors",
        value=value,
        unit="jobs/s",
        limit=limit,
        ratio=ratio,
        target="no fault" if least is None else f">= {least:g} and no fault",
        met=faults == 0 and (least is None or ratio >= least),
    )


def _drain_by(bench: Bench, processes: int, url: str, count: int) -> int:
    """Drain with so many workers; double runs and lock errors."""
    with ExitStack() as running:
        workers = [
            running.enter_context(Program("work", url=url, concurrency=bench.targets.best))
            for _ in range(processes)
        ]
        for worker in workers:
            worker.hear()
        for worker in workers:
            worker.say("go")
        while is_unfinished(bench.store, url):
            for worker in workers:
                worker.require_alive()
            time.sleep(POLL_SECONDS)
        for worker in workers:
            worker.say("stop")
        runs = sum(int(worker.hear()["runs"]) for worker in workers)
        return abs(runs - count) + sum(worker.errors().count("lock") for worker in workers)


def is_unfinished(store: Store, url: str) -> bool:
    query = (
        "SELECT EXISTS (SELECT 1 FROM errands_job WHERE queue = ? AND status = 'waiting')"
        " OR EXISTS (SELECT 1 FROM errands_job WHERE queue = ? AND status = 'active')"
    )
    [(is_unfinished,)] = store.look(url, query, QUEUE, QUEUE)
    return bool(is_unfinished)
