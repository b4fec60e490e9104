"""What grows: history, backlog and the number of queues, each in a database of its own."""

from __future__ import annotations

from tests.benchmarks import processes
from tests.benchmarks.bench import percentile
from tests.benchmarks.processes import Program
from tests.benchmarks.scale.flow import CONCURRENCY, measure_flow, measure_rest
from tests.benchmarks.scale.ground import Found, Ground
from tests.benchmarks.scale.names import ALL
from tests.benchmarks.scale.upkeep import measure_looks, measure_size, measure_upkeep

SLOWEST_GAP = 1.0
"""Seconds between adds to queues of which one worker serves very many."""


def grow_history(ground: Ground, before: int, point: int) -> None:
    """So many finished jobs, with their events."""
    ground.finish(point - before)


def grow_backlog(ground: Ground, before: int, point: int) -> None:
    """So many waiting jobs in the queue that is measured."""
    ground.wait(point - before)


def grow_queues(ground: Ground, before: int, point: int) -> None:
    """The same history, spread over so many queues; those of the point before go."""
    for table in ("job", "event"):
        ground.look(f"DELETE FROM errands_{table} WHERE queue LIKE ? RETURNING 1", ALL.format("%"))
    ground.look("DELETE FROM errands_queue WHERE name LIKE ? RETURNING 1", ALL.format("%"))
    name = ALL.format("' || n || '")
    ground.look(
        "INSERT INTO errands_queue (name, paused, turn)"
        f" SELECT '{name}', 0, 0 FROM generate_series(0, ?) AS n RETURNING 1",
        point - 1,
    )
    ground.finish(ground.sizes.finished, queue=ALL, queues=point)


def measure_grown(ground: Ground, point: int) -> Found:
    """Everything, on one queue."""
    yield from measure_flow(ground)
    yield from measure_rest(ground)
    yield from measure_looks(ground)
    yield from measure_upkeep(ground)
    if point:
        yield from measure_size(ground)


def measure_queues(ground: Ground, point: int) -> Found:
    """One worker on one of many queues; and one that serves all of them."""
    yield from measure_flow(ground)
    yield from measure_rest(ground)
    yield from measure_looks(ground)
    yield "scheduler: one round of retention", _retention_ms(ground), "ms"
    yield from _serve_all(ground, point)


def _serve_all(ground: Ground, point: int) -> Found:
    """What one worker for all queues costs idle, how soon it begins a job, how it drains."""
    sizes = ground.sizes
    gap = 0.02 if point < 1_000 else SLOWEST_GAP
    wakes = sizes.wakes if point < 1_000 else min(sizes.wakes, 15)
    with Program(
        "serve", url=ground.url, queues=point, seconds=sizes.idle_seconds, concurrency=CONCURRENCY
    ) as worker:
        cpu = worker.hear()["cpu_percent"]
        processes.run("sprinkle", url=ground.url, queues=point, gap=gap, count=wakes)
        worker.say("told")
        delays = worker.hear()["delays"][1:]
        worker.say("stop")
    yield "a worker of all queues, idle: CPU", cpu, "% of a core"
    yield "pickup by a worker of all queues", percentile(delays, 0.5), "ms p50"
    yield "pickup by a worker of all queues", percentile(delays, 0.99), "ms p99"
    ground.wait(sizes.drained, queue=ALL, queues=point)
    done = processes.run(
        "serve",
        url=ground.url,
        queues=point,
        seconds=0,
        concurrency=CONCURRENCY,
        share=sizes.drained,
    )
    yield "drain by a worker of all queues", done["jobs_a_second"], "jobs/s"


def _retention_ms(ground: Ground) -> float:
    return float(processes.run("retain", url=ground.url)["milliseconds"])
