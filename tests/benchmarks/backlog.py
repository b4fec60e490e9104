"""G: what it costs to have many jobs behind those that are drained."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import Any

from errands.infrastructure.persistence.sql.sqlite.driver import connect
from errands.infrastructure.persistence.sql.sqlite.grammar import GRAMMAR
from errands.infrastructure.persistence.sql.sqlite.session import DIALECT
from tests.benchmarks.bench import Bench
from tests.benchmarks.clone import multiply
from tests.benchmarks.databases import look
from tests.benchmarks.draining import BEST, drain, drained_a_second, recorded_drain, work
from tests.benchmarks.jobs import NAME, QUEUE, application, data
from tests.benchmarks.recording import Step, load
from tests.benchmarks.result import Result, at_least


def measure_backlog(bench: Bench) -> list[Result]:
    """G: C with many waiting behind, and with many finished, against C alone."""
    sizes = bench.sizes
    full, recording = recorded_drain(bench, sizes.drained, BEST)
    claim = _claim(load(recording))
    alone = _claim_steps(full, claim)
    results: list[Result] = []
    for behind in sizes.behind:
        bench.say(f"building {behind:,} waiting")
        with bench.databases.copy(full) as path:
            multiply(path, behind + sizes.behind_pairs * sizes.drained)
            results += _compare(bench, path, f"{behind:,} waiting behind", claim, alone)
    finished = max(sizes.behind)
    bench.say(f"building {finished:,} finished")
    with bench.databases.copy(full) as path:
        work(path, share=sizes.drained, concurrency=BEST)
        multiply(path, finished)
        results += _compare(bench, path, f"{finished:,} finished", claim, alone, fresh=True)
    return results


def _compare(
    bench: Bench, path: str, what: str, claim: Step, alone: int, *, fresh: bool = False
) -> list[Result]:
    """Drains of this file and of one with nothing else, in turns; and the claim's steps."""
    count = bench.sizes.drained
    full, _ = recorded_drain(bench, count, BEST)
    if fresh:
        _add(path, 1_000)
    steps = _claim_steps(path, claim)
    pairs = bench.pairs(
        partial(_drain_some, path, count, fresh=fresh),
        partial(drain, bench, full, count, BEST),
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
            value=steps,
            unit="steps",
            limit=alone,
            ratio=steps / alone,
            target="equal",
            met=abs(steps / alone - 1) < 0.01,
        ),
    ]


def _drain_some(path: str, count: int, *, fresh: bool) -> float:
    """Drain as many as C does and leave the rest; with `fresh`, add them before."""
    if fresh:
        _add(path, count)
    [(since,)] = look(path, "SELECT coalesce(max(finished_at), 0) + 1 FROM errands_job")
    work(path, share=count, concurrency=BEST)
    return drained_a_second(path, since)


def _add(path: str, count: int) -> None:
    with application(path).sync as app:
        app.queue(QUEUE).add_many((NAME, data()) for _ in range(count))


def _claim(steps: list[Step]) -> Step:
    """The first claim of a recording."""
    text, _ = GRAMMAR.statements.claim.on(DIALECT)
    return next(step for step in steps if step[1] == text)


def _claim_steps(path: str, claim: Step) -> int:
    """Steps of SQLite's virtual machine that one claim takes; it is undone."""
    steps = 0

    def count_step() -> int:
        nonlocal steps
        steps += 1
        return 0

    _, statement, parameters = claim
    with closing(connect(path, synchronous="NORMAL")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.set_progress_handler(count_step, 1)
        claimed: list[Any] = connection.execute(statement, parameters).fetchall()
        connection.set_progress_handler(None, 0)
        connection.execute("ROLLBACK")
    assert claimed
    return steps
