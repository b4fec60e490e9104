"""Every measure by every peer, in turns."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from tests.benchmarks import machine
from tests.benchmarks.peers.acts import ACTS, Sizes, titles
from tests.benchmarks.peers.catalogue import ours
from tests.benchmarks.peers.figures import Figures
from tests.benchmarks.peers.install import NotInstalled, install
from tests.benchmarks.peers.peer import Peer, StoreName
from tests.benchmarks.peers.program import PeerFailed, run
from tests.benchmarks.peers.stores import Store, StoreMissing


def contest(
    peers: Sequence[Peer],
    stores: Mapping[StoreName, Store],
    measures: Sequence[str],
    sizes: Sizes,
) -> tuple[Figures, dict[str, Any]]:
    """Measure the peers, and ourselves on each of their stores that we know.

    Rounds go through all peers, so that what disturbs the machine disturbs them alike.
    """
    everybody = _with_ours(peers)
    figures = Figures(everybody, {name: titles(sizes)[name] for name in measures})
    facts = machine.facts(is_quick=True)
    facts["date"] = datetime.now(UTC).date().isoformat()
    facts["stores"] = _reachable(everybody, stores, figures)
    versions: dict[str, Any] = {}
    facts["peers"] = versions
    for peer in everybody:
        _make_ready(peer, stores[peer.store], figures, versions)
    ready = [peer for peer in everybody if (peer.store, peer.name) not in figures.absent]
    for measure in measures:
        _measure(measure, ready, stores, sizes, figures)
    return figures, facts


def _with_ours(peers: Sequence[Peer]) -> list[Peer]:
    return [
        contestant
        for store in _stores_of(peers)
        for contestant in (
            *([] if store == "redis" else [ours(store)]),
            *(peer for peer in peers if peer.store == store),
        )
    ]


def _stores_of(peers: Sequence[Peer]) -> list[StoreName]:
    found: dict[StoreName, None] = {}
    for peer in peers:
        found[peer.store] = None
    return list(found)


def _reachable(
    peers: Sequence[Peer], stores: Mapping[StoreName, Store], figures: Figures
) -> dict[str, str]:
    """What each store is; those of an unreachable one are absent."""
    described: dict[str, str] = {}
    for name in _stores_of(peers):
        try:
            described[name] = stores[name].describe()
        except StoreMissing as missing:
            for peer in peers:
                if peer.store == name:
                    figures.absent[name, peer.name] = str(missing)
    return described


def _make_ready(peer: Peer, store: Store, figures: Figures, versions: dict[str, Any]) -> None:
    """Install a peer and see that it comes up."""
    if (peer.store, peer.name) in figures.absent:
        return
    _say(f"{peer.name}: installing")
    try:
        install(peer)
        versions[peer.name] = run(peer, "versions")
        with store.fresh() as url:
            run(peer, "prepare", url=url)
    except (NotInstalled, PeerFailed) as refusal:
        figures.absent[peer.store, peer.name] = str(refusal)


def _measure(
    measure: str,
    peers: Sequence[Peer],
    stores: Mapping[StoreName, Store],
    sizes: Sizes,
    figures: Figures,
) -> None:
    slow: set[Peer] = set()
    for turn in range(sizes.rounds):
        for peer in peers:
            if peer in slow or figures.has_failed(peer, measure):
                continue
            began = perf_counter()
            try:
                figures.add(peer, measure, ACTS[measure](peer, stores[peer.store], sizes))
            except PeerFailed as failure:
                figures.fail(peer, measure, str(failure))
            seconds = perf_counter() - began
            _say(f"{measure}, round {turn + 1}: {peer.name} on {peer.store} took {seconds:.1f} s")
            if seconds > sizes.patience_seconds:
                slow.add(peer)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
