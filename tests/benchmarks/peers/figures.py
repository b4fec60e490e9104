"""What was measured, and what was not."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from tests.benchmarks.peers.acts import ACTS, HALF, MOST, RATE
from tests.benchmarks.peers.peer import Peer, StoreName

UNITS: Mapping[str, tuple[str, ...]] = {
    name: (HALF, MOST) if name == "D" else (RATE,) for name in ACTS
}


@attrs.define
class Figures:
    """The runs of all peers, as they come in.

    `failures` says, by peer and measure, why there is no figure; `absent` says it, by peer, for
    those that could not be run at all.
    """

    peers: Sequence[Peer]
    titles: Mapping[str, str]
    runs: dict[tuple[StoreName, str, str, str], list[float]] = attrs.field(factory=dict)
    failures: dict[tuple[StoreName, str, str], str] = attrs.field(factory=dict)
    absent: dict[tuple[StoreName, str], str] = attrs.field(factory=dict)

    def add(self, peer: Peer, measure: str, taken: Mapping[str, float]) -> None:
        """Keep one run."""
        for unit, value in taken.items():
            self.runs.setdefault((peer.store, peer.name, measure, unit), []).append(value)

    def fail(self, peer: Peer, measure: str, reason: str) -> None:
        """Keep why there is no figure; figures of earlier rounds go, for they mislead."""
        self.failures[peer.store, peer.name, measure] = reason
        for unit in UNITS[measure]:
            self.runs.pop((peer.store, peer.name, measure, unit), None)

    def has_failed(self, peer: Peer, measure: str) -> bool:
        """Whether to ask no more."""
        return (peer.store, peer.name, measure) in self.failures

    def value(self, peer: Peer, measure: str, unit: str) -> float | None:
        """The median of the runs."""
        taken = self.runs.get((peer.store, peer.name, measure, unit))
        return statistics.median(taken) if taken else None

    def as_json(self) -> list[dict[str, Any]]:
        """Objects of the shape of `build/bench.json`, and `peer`.

        `limit` is our own figure on the same store in the same run, `ratio` the peer's by it.
        """
        ours = {peer.store: peer for peer in self.peers if peer.is_ours}
        return [
            self._object(peer, ours.get(peer.store), measure, unit)
            for peer in self.peers
            for measure in self.titles
            for unit in UNITS[measure]
            if (peer.store, peer.name, measure, unit) in self.runs
        ]

    def _object(self, peer: Peer, own: Peer | None, measure: str, unit: str) -> dict[str, Any]:
        value = self.value(peer, measure, unit)
        limit = None if own is None or own is peer else self.value(own, measure, unit)
        return {
            "store": peer.store,
            "peer": peer.name,
            "measure": measure,
            "what": self.titles[measure],
            "value": value,
            "unit": unit,
            "limit": limit,
            "ratio": value / limit if value is not None and limit else None,
            "target": "reported only",
            "met": True,
        }
