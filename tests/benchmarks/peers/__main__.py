"""`python -m tests.benchmarks.peers`: install the peers, measure them and us, print the table."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.peers.acts import ACTS, FULL_SIZES, QUICK_SIZES, TINY_SIZES
from tests.benchmarks.peers.catalogue import PEERS
from tests.benchmarks.peers.contest import contest
from tests.benchmarks.peers.docs import write_table
from tests.benchmarks.peers.stores import POSTGRESQL, REDIS, stores
from tests.benchmarks.peers.table import as_text, write_json
from tests.benchmarks.processes import ROOT

SIZES = {"full": FULL_SIZES, "quick": QUICK_SIZES, "tiny": TINY_SIZES}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.peers", description=__doc__)
    parser.add_argument("--only", help="peers to measure, as in huey,oban", default="")
    parser.add_argument("--measures", help="measures to take, as in A,C", default="")
    parser.add_argument("--quick", action="store_true", help="one round, smaller sizes")
    parser.add_argument("--tiny", action="store_true", help="only to see that it works")
    parser.add_argument("--postgresql", default=POSTGRESQL, help="a server, without a database")
    parser.add_argument("--redis", default=REDIS, help="an empty database of a server")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench-peers.json")
    parser.add_argument(
        "--write-docs", action="store_true", help="put the table into docs/benchmarks.md"
    )
    chosen = parser.parse_args(given)
    if chosen.write_docs and (chosen.only or chosen.measures or chosen.quick or chosen.tiny):
        parser.error("--write-docs replaces the table: it needs all peers and measures in full")
    chosen.names = _chosen(parser, "peer", chosen.only, [peer.name for peer in PEERS])
    chosen.letters = _chosen(parser, "measure", chosen.measures, list(ACTS))
    return chosen


def _chosen(
    parser: argparse.ArgumentParser, kind: str, wanted: str, known: Sequence[str]
) -> list[str]:
    names = wanted.split(",") if wanted else list(known)
    if unknown := set(names) - set(known):
        parser.error(f"no such {kind}: {', '.join(sorted(unknown))}")
    return names


def main(given: Sequence[str] | None = None) -> int:
    """Measure; the exit code is 0 however many peers could be run."""
    chosen = arguments(given)
    # An end from outside, too, is to leave no database and no process behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    size = "tiny" if chosen.tiny else "quick" if chosen.quick else "full"
    peers = [peer for peer in PEERS if peer.name in chosen.names]
    figures, facts = contest(
        peers, stores(chosen.postgresql, chosen.redis), chosen.letters, SIZES[size]
    )
    facts["quick"] = size != "full"
    print(as_text(figures, facts))
    write_json(chosen.json, figures.as_json(), facts)
    if chosen.write_docs:
        write_table(figures, facts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
