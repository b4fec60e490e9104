"""How much is measured."""

from __future__ import annotations

from typing import Final

import attrs


@attrs.frozen(kw_only=True)
class Sizes:
    """Jobs, repetitions and seconds of each measure."""

    pairs: int
    single_adds: int
    merged_adds: int
    adds_at_once: int
    drained: int
    drained_singly: int
    summed: int
    processes: tuple[int, ...]
    wakes: int
    cold_lanes: int
    cold_rounds: int
    cold_seconds: float
    steady_seconds: float
    steady_rounds: int
    idle_seconds: float
    imports: int
    behind: tuple[int, ...]
    behind_pairs: int
    long_handlers: int
    long_seconds: float
    cancels: int


FULL: Final = Sizes(
    pairs=7,
    single_adds=3_000,
    merged_adds=20_000,
    adds_at_once=20_000,
    drained=20_000,
    drained_singly=5_000,
    summed=3,
    processes=(1, 2, 4),
    wakes=200,
    cold_lanes=4,
    cold_rounds=5,
    cold_seconds=10,
    steady_seconds=10,
    steady_rounds=3,
    idle_seconds=20,
    imports=11,
    behind=(200_000, 1_000_000),
    behind_pairs=3,
    long_handlers=500,
    long_seconds=10,
    cancels=100,
)

QUICK: Final = attrs.evolve(
    FULL,
    pairs=3,
    drained_singly=2_000,
    summed=1,
    cold_rounds=2,
    cold_seconds=3,
    steady_seconds=4,
    steady_rounds=1,
    idle_seconds=5,
    imports=5,
    behind=(200_000,),
    behind_pairs=1,
    long_seconds=4,
    cancels=40,
)

TINY: Final = Sizes(
    pairs=1,
    single_adds=20,
    merged_adds=200,
    adds_at_once=300,
    drained=300,
    drained_singly=20,
    summed=1,
    processes=(1, 2),
    wakes=3,
    cold_lanes=1,
    cold_rounds=1,
    cold_seconds=0.2,
    steady_seconds=0.3,
    steady_rounds=1,
    idle_seconds=0.5,
    imports=1,
    behind=(2_000,),
    behind_pairs=1,
    long_handlers=20,
    long_seconds=1,
    cancels=3,
)


def on_server(sizes: Sizes) -> Sizes:
    """Less, for a server takes longer over a round trip, and over a copy of a database."""
    is_full = sizes is FULL
    return attrs.evolve(
        sizes,
        pairs=min(sizes.pairs, 5),
        single_adds=min(sizes.single_adds, 1_500),
        merged_adds=min(sizes.merged_adds, 10_000),
        drained_singly=min(sizes.drained_singly, 500),
        summed=min(sizes.summed, 2),
        cold_lanes=7 if is_full else sizes.cold_lanes,
        cold_rounds=3 if is_full else sizes.cold_rounds,
        steady_rounds=min(sizes.steady_rounds, 2),
        behind=sizes.behind[-1:],
        behind_pairs=min(sizes.behind_pairs, 2),
    )
