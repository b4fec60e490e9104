"""`python -m tests.benchmarks.scale`: how PostgreSQL bears more of everything."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter

from tests.benchmarks import machine
from tests.benchmarks.processes import ROOT, forking
from tests.benchmarks.scale.figures import Figure, merged, read, write
from tests.benchmarks.scale.ground import Run
from tests.benchmarks.scale.places import AXES, FROM_NOTHING, missing, points_of
from tests.benchmarks.scale.quiet import Quiet
from tests.benchmarks.scale.sizes import FULL, TINY
from tests.benchmarks.scale.tables import as_text, write_tables
from tests.benchmarks.stores.catalogue import there


def say(text: str) -> None:
    """Tell how far the run is, on a line that the next word replaces."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def measure(axis: str, points: Sequence[int], run: Run) -> Iterator[list[Figure]]:
    """The figures of each point of an axis, one point after the other."""
    began = perf_counter()
    for point, found in AXES[axis](points, run):
        figures: list[Figure] = []
        for what, value, unit in found:
            say(f"{axis} {point:,}: {what} {value:,.3g} {unit}")
            figures.append(Figure(axis, point, what, float(value), unit))
        say("")
        told = f"{axis} {point:,}: after {perf_counter() - began:.0f} s"
        print(told, file=sys.stderr, flush=True)
        yield figures


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale", description=__doc__)
    parser.add_argument("--only", default="", help=f"axes, of {','.join(AXES)}; all that can be")
    parser.add_argument("--points", default="", help="points of the axes, as in 0,10000000")
    parser.add_argument("--tiny", action="store_true", help="only to see that it works")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "scale.json")
    parser.add_argument(
        "--lock", type=Path, help="a file to lock while measuring, where others measure too"
    )
    parser.add_argument(
        "--write-docs", action="store_true", help="put the tables into docs/explanation/scale.md"
    )
    chosen = parser.parse_args(given)
    lacking = {axis: lack for axis in AXES if (lack := missing(axis))}
    named = chosen.only.split(",") if chosen.only else [a for a in AXES if a not in lacking]
    unknown = set(named) - set(AXES)
    if unknown:
        parser.error(f"no such axis: {', '.join(sorted(unknown))}")
    if "postgresql" not in there():
        parser.error("no PostgreSQL is there")
    for axis, lack in lacking.items():
        if axis in chosen.only.split(","):
            parser.error(f"{axis} needs {lack}")
        print(f"left out: {axis}, which needs {lack}", file=sys.stderr)
    chosen.axes = named
    try:
        chosen.points = tuple(int(point) for point in chosen.points.split(",") if point)
    except ValueError:
        parser.error(f"--points: not whole numbers: {chosen.points}")
    least = 0 if FROM_NOTHING.issuperset(named) else 1
    if any(point < least for point in chosen.points):
        parser.error(f"--points: {', '.join(named)} begin at {least}")
    return chosen


def main(given: Sequence[str] | None = None) -> int:
    """Measure point by point; what was measured is kept after each, with what was before."""
    chosen = arguments(given)
    sizes = TINY if chosen.tiny else FULL
    about = machine.facts(is_quick=chosen.tiny, stores=["postgresql"])
    facts = {**about, "postgresql": about.pop("databases")["postgresql"]}
    with Quiet(chosen.lock) as quiet, forking() if chosen.tiny else nullcontext():
        for axis in chosen.axes:
            for figures in measure(
                axis, chosen.points or points_of(axis, sizes), Run(sizes, quiet, say)
            ):
                write(chosen.json, merged(read(chosen.json), figures), facts)
    found = read(chosen.json)
    print(as_text(found))
    if chosen.write_docs:
        write_tables(found, facts)
    return 0


def _end(*_: object) -> None:
    """SIGTERM: what was made is removed on the way out, which a second one does not break off."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(143)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main())
