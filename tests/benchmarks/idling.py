"""F: what an idle worker costs, and how long an import and `--help` take."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Final

from tests.benchmarks import processes
from tests.benchmarks.bench import Bench
from tests.benchmarks.result import Result, at_most

_TIMED: Final = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
_EMPTY_APP: Final = "import cyclopts, sys; cyclopts.App(name='empty')(['--help'])"


def measure_idle(bench: Bench) -> list[Result]:
    """F: CPU and memory of an idle worker, time of an import and of `--help`."""
    found = processes.run("idle", url=bench.databases.new(), seconds=bench.sizes.idle_seconds)
    cpu, megabytes = found["cpu_percent"], found["megabytes"]
    return [
        Result(
            measure="F",
            what=f"idle worker over {bench.sizes.idle_seconds:g} s: CPU",
            value=cpu,
            unit="% of a core",
            target="< 0.5 %",
            met=cpu < 0.5,
        ),
        Result(
            measure="F",
            what="idle worker: resident memory",
            value=megabytes,
            unit="MB",
            target="< 60 MB",
            met=megabytes < 60,
        ),
        *(_starts(bench) if bench.store.name == "sqlite" else []),
    ]


def _starts(bench: Bench) -> list[Result]:
    """What knows no store is measured once, with the store that is always there."""
    return [*_imports(bench), *_help(bench)]


def _imports(bench: Bench) -> list[Result]:
    """Parts are imported lazily, so the bare import is not the whole cost: both are told."""
    return [
        _compared(
            bench, "`import errands`, against `import asyncio, attrs`", _import("errands"), 1.3
        ),
        _compared(
            bench,
            "`from errands import Errands`, against the same",
            _import("errands; errands.Errands"),
            None,
        ),
    ]


def _help(bench: Bench) -> list[Result]:
    command = str(Path(sys.executable).with_name("errands"))
    if _exit_code([command, "--help"]) != 0:
        return []
    empty = [sys.executable, "-c", _EMPTY_APP]
    what = "`errands --help`, against an empty cyclopts app"
    return [_compared(bench, what, lambda: _wall([command, "--help"]), 1.5, lambda: _wall(empty))]


def _import(name: str) -> Callable[[], float]:
    command = [sys.executable, "-c", _TIMED.format(f"import {name}")]

    def timed() -> float:
        done = subprocess.run(
            command, cwd=processes.ROOT, check=True, capture_output=True, text=True
        )
        return 1e3 * float(done.stdout)

    return timed


def _wall(command: list[str]) -> float:
    began = perf_counter()
    subprocess.run(command, cwd=processes.ROOT, check=True, capture_output=True)
    return 1e3 * (perf_counter() - began)


def _exit_code(command: list[str]) -> int:
    try:
        return subprocess.run(
            command, cwd=processes.ROOT, check=False, capture_output=True
        ).returncode
    except FileNotFoundError:
        return -1


def _compared(
    bench: Bench,
    what: str,
    ours: Callable[[], float],
    most: float | None,
    reference: Callable[[], float] | None = None,
) -> Result:
    """The medians of both, taken in turns, and their ratio."""
    pairs = bench.pairs(ours, reference or _import("asyncio, attrs"), bench.sizes.imports)
    value, limit = statistics.median(pairs.ours), statistics.median(pairs.reference)
    ratio = pairs.ratio
    target = {} if most is None else at_most(most, ratio)
    return Result(
        measure="F", what=what, value=value, unit="ms", limit=limit, ratio=ratio, **target
    )
