"""How large the databases are made, and how much is measured in each."""

from __future__ import annotations

from typing import Final

import attrs


@attrs.frozen(kw_only=True)
class Sizes:
    """The points of each axis, and the jobs, repetitions and seconds of each measure.

    `removed` are the rows of each kind of maintenance, `lasting` the seconds for which many
    clients add at once, `finished` the history behind the axis of queues.
    """

    history: tuple[int, ...]
    backlog: tuple[int, ...]
    queues: tuple[int, ...]
    connections: tuple[int, ...]
    finished: int
    adds: int
    drained: int
    repeats: int
    looks: int
    wakes: int
    idle_seconds: float
    removed: int
    lasting: float
    pooled: int
    chunk: int


FULL: Final = Sizes(
    history=(0, 100_000, 1_000_000, 10_000_000),
    backlog=(0, 10_000, 100_000, 1_000_000),
    queues=(1, 100, 1_000, 10_000),
    connections=(10, 50, 100, 200),
    finished=100_000,
    adds=500,
    drained=10_000,
    repeats=2,
    looks=5,
    wakes=100,
    idle_seconds=5,
    removed=5_000,
    lasting=5,
    pooled=20,
    chunk=500_000,
)

TINY: Final = Sizes(
    history=(0, 300),
    backlog=(0, 300),
    queues=(1, 20),
    connections=(10, 20),
    finished=200,
    adds=10,
    drained=200,
    repeats=1,
    looks=1,
    wakes=3,
    idle_seconds=0.2,
    removed=600,
    lasting=0.3,
    pooled=4,
    chunk=200,
)
