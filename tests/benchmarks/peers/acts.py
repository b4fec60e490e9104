"""The measures, each one run of a peer on an empty store."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import attrs

from tests.benchmarks.bench import percentile
from tests.benchmarks.peers.peer import Peer
from tests.benchmarks.peers.program import PeerFailed, PeerProgram, run
from tests.benchmarks.peers.stores import Store
from tests.benchmarks.waking import GAP_SECONDS, SETTLING_SECONDS

FULL: Final = "full"
IDLE: Final = "idle"
"""Which of a peer's settings a worker gets: those for throughput, or those for waiting."""

HALF, MOST, RATE = "ms p50", "ms p99", "jobs/s"


@attrs.frozen(kw_only=True)
class Sizes:
    """Jobs, repetitions and seconds.

    A peer that took longer than `patience_seconds` for a measure is not asked again.
    """

    rounds: int
    patience_seconds: float
    single_adds: int
    adds_at_once: int
    drained: int
    drained_singly: int
    wakes: int
    steady_seconds: float


FULL_SIZES: Final = Sizes(
    rounds=3,
    patience_seconds=12,
    single_adds=3_000,
    adds_at_once=20_000,
    drained=20_000,
    drained_singly=2_000,
    wakes=200,
    steady_seconds=10,
)
QUICK_SIZES: Final = attrs.evolve(
    FULL_SIZES, rounds=1, single_adds=1_000, drained=5_000, drained_singly=500, steady_seconds=4
)
TINY_SIZES: Final = attrs.evolve(
    QUICK_SIZES,
    single_adds=20,
    adds_at_once=200,
    drained=200,
    drained_singly=20,
    wakes=10,
    steady_seconds=0.5,
)


def single_adds(peer: Peer, store: Store, sizes: Sizes) -> dict[str, float]:
    """A: one add after the other."""
    with store.fresh() as url:
        run(peer, "prepare", url=url)
        said = run(peer, "add", url=url, count=sizes.single_adds)
    return {RATE: sizes.single_adds / said["seconds"]}


def adds_at_once(peer: Peer, store: Store, sizes: Sizes) -> dict[str, float]:
    """B: the best bulk call."""
    with store.fresh() as url:
        run(peer, "prepare", url=url)
        said = run(peer, "fill", url=url, count=sizes.adds_at_once)
    return {RATE: sizes.adds_at_once / said["seconds"]}


def drain(peer: Peer, store: Store, sizes: Sizes) -> dict[str, float]:
    """C: waiting jobs by one worker process with its best settings."""
    return _drained(peer, store, sizes.drained, None)


def drain_singly(peer: Peer, store: Store, sizes: Sizes) -> dict[str, float]:
    """C1: the same, one job at a time."""
    return _drained(peer, store, sizes.drained_singly, 1)


def wakes(peer: Peer, store: Store, sizes: Sizes) -> dict[str, float]:
    """D: from an add call in one process to the handler in another."""
    with store.fresh() as url:
        run(peer, "prepare", url=url)
        given = {"gap": GAP_SECONDS, "count": sizes.wakes, "seconds": None}
        with (
            PeerProgram(peer, "meet", url=url, settings=IDLE) as worker,
            PeerProgram(peer, "produce", url=url, **given) as producer,
        ):
            worker.hear()
            producer.hear()
            # The first job of the producer is for warming up, and its delay is dropped below.
            time.sleep(SETTLING_SECONDS)
            producer.say("go")
            producer.hear()
            time.sleep(SETTLING_SECONDS)
            worker.say("stop")
            delays = worker.hear()["delays"][1:]
    if len(delays) < sizes.wakes:
        raise PeerFailed(f"only {len(delays)} of {sizes.wakes} jobs were started")
    return {HALF: percentile(delays, 0.5), MOST: percentile(delays, 0.99)}


def steady(peer: Peer, store: Store, sizes: Sizes) -> dict[str, float]:
    """E: one process adds and one works, for some seconds."""
    seconds = sizes.steady_seconds
    with store.fresh() as url:
        run(peer, "prepare", url=url)
        given = {"gap": 0, "count": None, "seconds": seconds}
        with (
            PeerProgram(peer, "work", url=url, settings=FULL) as worker,
            PeerProgram(peer, "produce", url=url, **given) as producer,
        ):
            worker.hear()
            producer.hear()
            producer.say("go")
            said = producer.hear()
            worker.say("stop")
            worker.hear()
    return {RATE: (said["added"] - said["left"]) / seconds}


def _drained(peer: Peer, store: Store, count: int, concurrency: int | None) -> dict[str, float]:
    with store.fresh() as url:
        run(peer, "prepare", url=url)
        run(peer, "fill", url=url, count=count)
        store.settle(url)
        given = {"count": count, "settings": FULL, "concurrency": concurrency}
        with PeerProgram(peer, "drain", url=url, **given) as worker:
            worker.hear()
            worker.say("go")
            said = worker.hear()
    if said["runs"] != count:
        raise PeerFailed(f"{said['runs']} runs of {count} jobs")
    return {RATE: count / said["seconds"]}


ACTS: Final[dict[str, Callable[[Peer, Store, Sizes], dict[str, float]]]] = {
    "A": single_adds,
    "B": adds_at_once,
    "C": drain,
    "C1": drain_singly,
    "D": wakes,
    "E": steady,
}


def titles(sizes: Sizes) -> dict[str, str]:
    """What each measure is of."""
    return {
        "A": f"{sizes.single_adds:,} adds, one after the other",
        "B": f"{sizes.adds_at_once:,} adds by the best bulk call",
        "C": f"drain of {sizes.drained:,} by one worker process",
        "C1": f"drain of {sizes.drained_singly:,}, concurrency 1",
        "D": f"{sizes.wakes} adds 20 ms apart, add call to handler start",
        "E": f"one producer and one worker for {sizes.steady_seconds:g} s",
    }
