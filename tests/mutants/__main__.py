"""`python -m tests.mutants [WORD]`: make each fault in a copy, and see that a test finds it.

With a word, only the faults whose names have it. Ends with 1 where one is found by no test.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.mutant import Mutant
from tests.mutants.mutants import MUTANTS

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("src", "migrations", "tests", "pyproject.toml")
TOGETHER = os.cpu_count() or 1
SECONDS = 300


def main(arguments: Sequence[str]) -> int:
    """Run all, several side by side, and say of each what became of it."""
    chosen = [mutant for mutant in MUTANTS if all(word in mutant.name for word in arguments)]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(TOGETHER):
            copies.put(_copy(Path(folder) / str(number)))

        def run(mutant: Mutant) -> bool:
            copy = copies.get()
            try:
                return _is_killed(mutant, copy)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(TOGETHER) as pool:
            killed = list(pool.map(run, chosen))
    survivors = [
        mutant.name for mutant, is_killed in zip(chosen, killed, strict=True) if not is_killed
    ]
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} faults were found")
    for name in survivors:
        print(f"  no test finds: {name}")
    return 1 if survivors else 0


def _copy(folder: Path) -> Path:
    folder.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / part, ignore=ignored)
        else:
            shutil.copy(source, folder / part)
    (folder / "packages").mkdir()
    (folder / "packages" / "errands").symlink_to(folder / "src")
    return folder


def _is_killed(mutant: Mutant, copy: Path) -> bool:
    """Whether the tests, which pass without the fault, fail with it; the copy is as before then."""
    began = time.monotonic()
    if _run(mutant, copy) != 0:
        raise RuntimeError(f"{mutant.name}: its tests fail without the fault")
    module, before = mutant.apply(copy)
    try:
        is_killed = _run(mutant, copy) == 1
    finally:
        module.write_text(before, encoding="utf-8")
    state = "found" if is_killed else "NOT FOUND"
    print(f"{state:>9} in {time.monotonic() - began:4.0f} s: {mutant.name}", flush=True)
    return is_killed


def _run(mutant: Mutant, copy: Path) -> int:
    """What pytest ends with: 0 or 1; a fault after which the tests hang counts as found."""
    try:
        found = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutant.tests],
            cwd=copy,
            env={
                **os.environ,
                "PYTHONPATH": str(copy / "packages"),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1
    if found.returncode not in {0, 1}:
        raise RuntimeError(f"{mutant.name}: the tests did not run\n{found.stdout}{found.stderr}")
    return found.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
