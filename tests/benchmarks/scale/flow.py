"""What passes through a database: adds, drains, claims, and how soon an idle worker begins."""

from __future__ import annotations

import statistics
import time

from tests.benchmarks import processes
from tests.benchmarks.bench import percentile
from tests.benchmarks.draining import drained_a_second, work
from tests.benchmarks.jobs import NAME, QUEUE, application, data
from tests.benchmarks.processes import Program
from tests.benchmarks.scale.ground import Found, Ground
from tests.benchmarks.scale.names import IDLE

CONCURRENCY = 100
GAP_SECONDS = 0.02
SETTLING_SECONDS = 0.3


def measure_flow(ground: Ground) -> Found:
    """Adds, drains and a claim on the queue that everything stands behind."""
    yield "single adds, one after the other", adds(ground, ground.url), "jobs/s"
    yield "drain, concurrency 100", drains(ground, ground.url), "jobs/s"
    add_many(ground.url, CONCURRENCY)
    ground.rows.tidy()
    cost = ground.store.claim_cost(ground.url, CONCURRENCY)
    yield f"one claim of {CONCURRENCY}", cost, "buffers"
    work(ground.url, share=CONCURRENCY, concurrency=CONCURRENCY)


def measure_rest(ground: Ground) -> Found:
    """How soon an idle worker begins a job, and what it costs while there is none."""
    yield from pickup(ground, ground.url)
    seconds = ground.sizes.idle_seconds
    found = processes.run("idle", url=ground.url, seconds=seconds, queue=IDLE)
    yield "idle worker: CPU", found["cpu_percent"], "% of a core"


def adds(ground: Ground, url: str) -> float:
    """Single adds a second; what was added is run."""
    count, speeds = ground.sizes.adds, list[float]()
    for _ in range(ground.sizes.repeats):
        speeds.append(count / float(processes.run("add", url=url, count=count, tasks=1)["seconds"]))
        work(url, share=count + 1, concurrency=CONCURRENCY)
    return statistics.median(speeds)


def drains(ground: Ground, url: str) -> float:
    """Jobs a second that one worker runs; as many are added before, so that the backlog stays."""
    speeds: list[float] = []
    for _ in range(ground.sizes.repeats):
        add_many(url, ground.sizes.drained)
        query = (
            "SELECT coalesce(max(finished_at), 0) + 1 FROM errands_job"
            " WHERE queue = ? AND status = 'completed'"
        )
        since = ground.one(query, QUEUE)
        work(url, share=ground.sizes.drained, concurrency=CONCURRENCY)
        speeds.append(drained_a_second(ground.store, ground.url, since))
    return statistics.median(speeds)


def pickup(ground: Ground, url: str) -> Found:
    """From the add call in one process to the handler's start in another, some ms apart."""
    count = ground.sizes.wakes
    with (
        Program("meet", url=url, queue=IDLE) as worker,
        Program("produce", url=url, queue=IDLE, gap=GAP_SECONDS, count=count) as producer,
    ):
        worker.hear()
        producer.hear()
        producer.say("go")
        producer.hear()
        time.sleep(SETTLING_SECONDS)
        worker.say("stop")
        delays = worker.hear()["delays"][1:]
    yield "pickup by an idle worker", percentile(delays, 0.5), "ms p50"
    yield "pickup by an idle worker", percentile(delays, 0.99), "ms p99"


def add_many(url: str, count: int) -> None:
    """Add jobs to the queue that is measured."""
    with application(url).sync as app:
        app.queue(QUEUE).add_many((NAME, data()) for _ in range(count))
