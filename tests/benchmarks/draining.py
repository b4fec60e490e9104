"""C and C1: how fast waiting jobs are run; and what G and H need of it."""

from __future__ import annotations

from functools import partial

from tests.benchmarks.bench import Bench, Pairs
from tests.benchmarks.jobs import QUEUE
from tests.benchmarks.loops import has_uvloop
from tests.benchmarks.processes import Program
from tests.benchmarks.replays import replay
from tests.benchmarks.result import Result, at_least
from tests.benchmarks.stores.store import Store


def measure_drain(bench: Bench) -> list[Result]:
    """C: with the best settings, and on a file with wider ones on the other event loop."""
    count = bench.sizes.drained
    results: list[Result] = []
    for concurrency, wants_uvloop in bench.targets.drains:
        uvloop = wants_uvloop and has_uvloop()
        pairs = drain_pairs(bench, count, concurrency, uvloop=uvloop)
        results.append(
            Result(
                measure="C",
                what=f"drain of {count:,}, concurrency {concurrency}" + ", uvloop" * uvloop,
                value=pairs.value,
                unit="jobs/s",
                limit=pairs.limit,
                **at_least(bench.targets.drain, pairs.ratio),
            )
        )
    return results


def measure_drain_singly(bench: Bench) -> list[Result]:
    """C1: with concurrency 1."""
    count = bench.sizes.drained_singly
    pairs = drain_pairs(bench, count, 1)
    return [
        Result(
            measure="C1",
            what=f"drain of {count:,}, concurrency 1",
            value=pairs.value,
            unit="jobs/s",
            limit=pairs.limit,
            **at_least(bench.targets.drain_singly, pairs.ratio),
        )
    ]


def drain_pairs(bench: Bench, count: int, concurrency: int, *, uvloop: bool = False) -> Pairs:
    """Pairs of drains, and of replays of a recording of one."""
    full, recording = recorded_drain(bench, count, concurrency)
    return bench.pairs(
        partial(drain, bench, full, count, concurrency, uvloop=uvloop),
        partial(replay, bench, full, recording, count),
    )


def recorded_drain(bench: Bench, count: int, concurrency: int) -> tuple[str, str]:
    """A database with so many waiting jobs, and a recording of their drain."""
    key = f"C{concurrency} of {count}"
    if key not in bench.recordings:
        full, recording = bench.databases.new(waiting=count), bench.path("recording")
        with bench.databases.copy(full) as url:
            work(url, share=count, concurrency=concurrency, record=recording)
        bench.recordings[key] = (full, recording)
    return bench.recordings[key]


def drain(bench: Bench, full: str, count: int, concurrency: int, *, uvloop: bool = False) -> float:
    """Jobs a second from the first start to the last settlement, on a copy."""
    with bench.databases.copy(full) as url:
        work(url, share=count, concurrency=concurrency, uvloop=uvloop)
        return drained_a_second(bench.store, url)


def work(url: str, **arguments: object) -> None:
    """Run one worker until it has done its share."""
    with Program("work", url=url, **arguments) as worker:
        worker.hear()
        worker.say("go")
        worker.hear()


def drained_a_second(store: Store, url: str, since: int = 0) -> float:
    """By what stands in the rows: the clock of the first claim and of the last settlement."""
    query = (
        "SELECT count(*), min(started_at), max(finished_at) FROM errands_job"
        " WHERE queue = ? AND status = 'completed' AND finished_at >= ?"
    )
    [(done, first, last)] = store.look(url, query, QUEUE, since)
    return 1_000 * float(done) / max(1.0, float(last - first))
