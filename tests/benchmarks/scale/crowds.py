"""Many connections: workers that share a queue, and programs that add, straight or pooled."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.benchmarks.bench import percentile
from tests.benchmarks.draining import drained_a_second
from tests.benchmarks.jobs import QUEUE
from tests.benchmarks.processes import Program
from tests.benchmarks.scale.flow import GAP_SECONDS, SETTLING_SECONDS, add_many
from tests.benchmarks.scale.ground import Found, Ground
from tests.benchmarks.scale.names import IDLE
from tests.benchmarks.together import is_unfinished

PROCESSES: Final = 4
OF_EACH: Final = 3
"""Connections. A worker: for units of work, to send notes and to hear them; one for leases while it
runs. A program that adds: for single adds, for other units of work, to send notes."""
POLL_SECONDS: Final = 0.02
FINISHED: Final = "SELECT coalesce(max(finished_at), 0) + 1 FROM errands_job WHERE queue = ?"


def measure_crowds(ground: Ground, url: str, point: int) -> Found:
    """Workers with about so many connections, then programs that add with as many."""
    count = max(1, point // OF_EACH)
    yield from _workers(ground, url, count)
    yield from _clients(ground, url, count)


def _workers(ground: Ground, url: str, count: int) -> Found:
    with ExitStack() as running:
        herd = [
            running.enter_context(
                Program(
                    "herd",
                    url=url,
                    count=share,
                    queues=[IDLE, QUEUE],
                    seconds=ground.sizes.idle_seconds,
                )
            )
            for share in _shares(count)
        ]
        for program in herd:
            program.hear()
        yield "workers", count, "workers"
        yield "workers: connections to the server", _connections(ground), "connections"
        before = _server_seconds(ground)
        for program in herd:
            program.say("idle")
        yield "idle workers: CPU of all", sum(p.hear()["cpu_percent"] for p in herd), "% of a core"
        after = _server_seconds(ground)
        spent = sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())
        share = 100 * spent / ground.sizes.idle_seconds
        yield "idle workers: CPU of the server", share, "% of a core"
        _add_slowly(ground, url)
        since = ground.one(FINISHED, QUEUE)
        add_many(ground.url, ground.sizes.drained)
        while is_unfinished(ground.store, ground.url):
            time.sleep(POLL_SECONDS)
        yield "drain by all workers, 10 jobs at once each", _speed(ground, since), "jobs/s"
        for program in herd:
            program.say("stop")
        delays = [delay for program in herd for delay in program.hear()["delays"]]
    yield "pickup by any of the idle workers", percentile(delays, 0.5), "ms p50"
    yield "pickup by any of the idle workers", percentile(delays, 0.99), "ms p99"


def _add_slowly(ground: Ground, url: str) -> None:
    count = ground.sizes.wakes
    with Program("produce", url=url, queue=IDLE, gap=GAP_SECONDS, count=count) as producer:
        producer.hear()
        producer.say("go")
        producer.hear()
    time.sleep(SETTLING_SECONDS)


def _clients(ground: Ground, url: str, count: int) -> Found:
    with ExitStack() as running:
        programs = [
            running.enter_context(
                Program("clients", url=url, count=share, seconds=ground.sizes.lasting)
            )
            for share in _shares(count)
        ]
        for program in programs:
            program.hear()
        for program in programs:
            program.say("go")
        taken = [each for program in programs for each in program.hear()["milliseconds"]]
        yield "adding programs", count, "programs"
        yield "adding programs: connections to the server", _connections(ground), "connections"
        for program in programs:
            program.say("stop")
    yield "single adds by all of them", len(taken) / ground.sizes.lasting, "jobs/s"
    yield "one add of them", percentile(taken, 0.5), "ms p50"
    yield "one add of them", percentile(taken, 0.99), "ms p99"
    ground.look(f"DELETE FROM errands_job WHERE queue = '{QUEUE}' RETURNING 1")


def _shares(count: int) -> list[int]:
    """So many, spread over a few processes."""
    processes_ = min(PROCESSES, count)
    return [count // processes_ + (place < count % processes_) for place in range(processes_)]


def _speed(ground: Ground, since: int) -> float:
    time.sleep(SETTLING_SECONDS)
    return drained_a_second(ground.store, ground.url, since)


def _connections(ground: Ground) -> int:
    query = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
    return int(ground.one(query))


def _server_seconds(ground: Ground) -> dict[int, float]:
    """Processor time so far of each of the server's sessions on this database, by process."""
    found = ground.look("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    return {pid: _seconds(Path(f"/proc/{pid}/stat")) for (pid,) in found}


def _seconds(stat: Path) -> float:
    """User and system time, in hundredths of a second there."""
    try:
        fields = stat.read_text(encoding="ascii").rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / 100
