"""G: what it costs to have many jobs behind those that are drained."""

from __future__ import annotations

from functools import partial

from tests.benchmarks.bench import Bench
from tests.benchmarks.draining import drain, drained_a_second, recorded_drain, work
from tests.benchmarks.jobs import NAME, QUEUE, application, data
from tests.benchmarks.result import Result, at_least


def measure_backlog(bench: Bench) -> list[Result]:
    """G: C with many waiting behind, and with many finished, against C alone."""
    sizes = bench.sizes
    best = bench.targets.best
    full, _ = recorded_drain(bench, sizes.drained, best)
    with bench.databases.copy(full) as url:
        alone = _claim_cost(bench, url)
    results: list[Result] = []
    for behind in sizes.behind:
        bench.say(f"building {behind:,} waiting")
        with bench.databases.copy(full) as url:
            bench.store.multiply(url, behind + sizes.behind_pairs * sizes.drained)
            results += _compare(bench, url, f"{behind:,} waiting behind", alone)
    finished = max(sizes.behind)
    bench.say(f"building {finished:,} finished")
    with bench.databases.copy(full) as url:
        work(url, share=sizes.drained, concurrency=best)
        bench.store.multiply(url, finished)
        results += _compare(bench, url, f"{finished:,} finished", alone, fresh=True)
    return results


def _compare(bench: Bench, url: str, what: str, alone: int, *, fresh: bool = False) -> list[Result]:
    """Drains of this database and of one with nothing else, in turns; and a claim's cost."""
    count, best = bench.sizes.drained, bench.targets.best
    full, _ = recorded_drain(bench, count, best)
    if fresh:
        _add(url, 1_000)
    cost = _claim_cost(bench, url)
    pairs = bench.pairs(
        partial(_drain_some, bench, url, count, fresh=fresh),
        partial(drain, bench, full, count, best),
        bench.sizes.behind_pairs,
    )
    return [
        Result(
            measure="G",
            what=f"C with {what}, against C",
            value=pairs.value,
            unit="jobs/s",
            limit=pairs.limit,
            **at_least(0.8, pairs.ratio),
        ),
        Result(
            measure="G",
            what=f"one claim with {what}, against one without",
            value=cost,
            unit=bench.store.claim_unit,
            limit=alone,
            ratio=cost / alone,
            target="equal",
            met=abs(cost / alone - 1) < bench.store.claim_slack,
        ),
    ]


def _drain_some(bench: Bench, url: str, count: int, *, fresh: bool) -> float:
    """Drain as many as C does and leave the rest; with `fresh`, add them before."""
    if fresh:
        _add(url, count)
    query = "SELECT coalesce(max(finished_at), 0) + 1 FROM errands_job"
    [(since,)] = bench.store.look(url, query)
    work(url, share=count, concurrency=bench.targets.best)
    return drained_a_second(bench.store, url, since)


def _add(url: str, count: int) -> None:
    with application(url).sync as app:
        app.queue(QUEUE).add_many((NAME, data()) for _ in range(count))


def _claim_cost(bench: Bench, url: str) -> int:
    bench.store.settle(url)
    return bench.store.claim_cost(url, 100)
