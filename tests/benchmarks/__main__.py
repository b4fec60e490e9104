"""`python -m tests.benchmarks`: measure, print the tables, keep them."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter

import attrs

from tests.benchmarks import machine
from tests.benchmarks.bench import Bench
from tests.benchmarks.comparing import compared
from tests.benchmarks.docs import write_table
from tests.benchmarks.measures import MEASURES
from tests.benchmarks.processes import ROOT, forking
from tests.benchmarks.report import as_text, write_json
from tests.benchmarks.result import Result
from tests.benchmarks.sizes import FULL, QUICK, TINY, Sizes, on_server
from tests.benchmarks.stores.catalogue import KNOWN, store, there

SIZES = {"full": FULL, "quick": QUICK, "tiny": TINY}


def say(text: str) -> None:
    """Tell how far the run is, on a line that the next word replaces."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def measure(
    name: str, measures: Sequence[str], sizes: Sizes, failed: list[str]
) -> Iterator[Result]:
    """Take these measures of a store, one after the other; nothing is left of its databases.

    One that fails is told and named in `failed`, and the others go on.
    """
    measured = store(name)
    with (
        tempfile.TemporaryDirectory(prefix="errands-bench-") as folder,
        measured.databases(Path(folder)) as databases,
    ):
        fitting = sizes if name == "sqlite" else on_server(sizes)
        bench = Bench(measured, fitting, databases, Path(folder), say)
        for letter in measures:
            began = perf_counter()
            bench.say(f"{name}: {letter}")
            try:
                for result in MEASURES[letter](bench):
                    yield attrs.evolve(result, store=name)
            except Exception:  # noqa: BLE001 - minutes of other figures are worth keeping
                failed.append(f"{letter} on {name}")
                traceback.print_exc()
            say("")
            took = f"{name}: {letter} took {perf_counter() - began:.0f} s"
            print(took, file=sys.stderr, flush=True)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", help="measures to take, as in A,C,D-cold", default="")
    parser.add_argument("--store", help=f"of {','.join(KNOWN)}; all that are there", default="")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--tiny", action="store_true", help="only to see that it works")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json")
    parser.add_argument(
        "--write-docs", action="store_true", help="put the tables into docs/benchmarks.md"
    )
    chosen = parser.parse_args(given)
    if chosen.write_docs and (chosen.only or chosen.quick or chosen.tiny):
        parser.error("--write-docs replaces whole tables: it needs every measure in full")
    chosen.names = chosen.only.split(",") if chosen.only else list(MEASURES)
    unknown = set(chosen.names) - set(MEASURES)
    if unknown:
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    chosen.stores = chosen.store.split(",") if chosen.store else there()
    missing = [name for name in chosen.stores if name not in there()]
    if missing:
        parser.error(f"not there, or not known: {', '.join(missing)}")
    return chosen


def main(given: Sequence[str] | None = None) -> int:
    """Measure; the exit code is 0 if that went well, whether or not every target is met."""
    chosen = arguments(given)
    size = "tiny" if chosen.tiny else "quick" if chosen.quick else "full"
    facts = machine.facts(is_quick=size != "full", stores=chosen.stores)
    results: list[Result] = []
    failed: list[str] = []
    with forking() if chosen.tiny else nullcontext():
        for name in chosen.stores:
            began = perf_counter()
            results += measure(name, chosen.names, SIZES[size], failed)
            facts["databases"][name]["seconds"] = round(perf_counter() - began)
    results += compared(results)
    print(as_text(results))
    write_json(chosen.json, results, facts)
    if chosen.write_docs:
        write_table(results, facts)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _end(*_: object) -> None:
    """SIGTERM: what was made is removed on the way out, which a second one does not break off."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(143)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main())
