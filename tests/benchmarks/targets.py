"""What is asked of each store; None where a figure is only reported."""

from __future__ import annotations

from typing import Final

import attrs


@attrs.frozen(kw_only=True)
class Targets:
    """Least ratios and most milliseconds, by measure.

    `drains` are the concurrencies of C, each with whether the other event loop is used;
    `best` is the one of G and H, at which jobs that take no time are drained fastest.
    """

    best: int
    drains: tuple[tuple[int, bool], ...]
    single_adds: float | None
    merged_adds: float | None
    adds_at_once: float | None
    drain: float | None
    drain_singly: float | None
    wake_half_ms: float | None
    wake_most_ms: float | None
    hops: float | None
    steady: float | None
    two_processes: float | None
    against_postgresql: float | None = None


TARGETS: Final = {
    "sqlite": Targets(
        best=100,
        drains=((100, False), (500, True)),
        single_adds=0.5,
        merged_adds=2,
        adds_at_once=0.3,
        drain=0.35,
        drain_singly=0.3,
        wake_half_ms=3,
        wake_most_ms=15,
        hops=4,
        steady=0.6,
        two_processes=1.0,
    ),
    "postgresql": Targets(
        best=500,
        drains=((500, True),),
        single_adds=0.75,
        merged_adds=4,
        adds_at_once=0.4,
        drain=0.45,
        drain_singly=0.6,
        wake_half_ms=4,
        wake_most_ms=15,
        hops=4,
        steady=0.7,
        two_processes=1.2,
    ),
    "mariadb": Targets(
        best=500,
        drains=((500, True),),
        single_adds=None,
        merged_adds=None,
        adds_at_once=None,
        drain=None,
        drain_singly=None,
        wake_half_ms=None,
        wake_most_ms=None,
        hops=None,
        steady=None,
        two_processes=None,
        against_postgresql=0.5,
    ),
}
