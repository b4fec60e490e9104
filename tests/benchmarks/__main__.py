"""`python -m tests.benchmarks`: measure, print the table, keep it."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from tests.benchmarks import machine
from tests.benchmarks.bench import Bench
from tests.benchmarks.databases import Databases
from tests.benchmarks.docs import write_table
from tests.benchmarks.measures import MEASURES
from tests.benchmarks.processes import ROOT
from tests.benchmarks.report import as_text, write_json
from tests.benchmarks.result import Result
from tests.benchmarks.sizes import FULL, QUICK, TINY, Sizes

SIZES = {"full": FULL, "quick": QUICK, "tiny": TINY}


def say(text: str) -> None:
    """Tell how far the run is, on a line that the next word replaces."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def measure(names: Sequence[str], sizes: Sizes) -> list[Result]:
    """Take these measures, one after the other, in a folder that is removed afterwards."""
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="errands-bench-") as folder:
        bench = Bench(sizes, Databases(Path(folder)), say)
        for name in names:
            began = perf_counter()
            bench.say(name)
            results += MEASURES[name](bench)
            say("")
            print(f"{name} took {perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return results


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", help="measures to take, as in A,C,D-cold", default="")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--tiny", action="store_true", help="only to see that it works")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json")
    parser.add_argument(
        "--write-docs", action="store_true", help="put the table into docs/benchmarks.md"
    )
    chosen = parser.parse_args(given)
    chosen.names = chosen.only.split(",") if chosen.only else list(MEASURES)
    unknown = set(chosen.names) - set(MEASURES)
    if unknown:
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    return chosen


def main(given: Sequence[str] | None = None) -> int:
    """Measure; the exit code is 0 whether or not every target is met."""
    chosen = arguments(given)
    size = "tiny" if chosen.tiny else "quick" if chosen.quick else "full"
    results = measure(chosen.names, SIZES[size])
    facts = machine.facts(is_quick=size != "full")
    print(as_text(results))
    write_json(chosen.json, results, facts)
    if chosen.write_docs:
        write_table(results, facts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
