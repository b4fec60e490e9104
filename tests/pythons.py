"""Run the suites on other interpreters than that of `.venv`: `make test-pythons`.

Looks for each minor version of Python that is supported, on the path and where pyenv keeps
them; gives each an environment of its own below `build/pythons`; and runs what an interpreter
can change: the unit, contract and property suites and the short fault tests, with fewer examples
a property test. Static checks, packaging and documents are not run again.

`ERRANDS_REQUIRE_PYTHONS` names versions (comma-separated) that must not be left out. Arguments
are handed on to pytest.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
ENVIRONMENTS: Final = ROOT / "build" / "pythons"
VERSIONS: Final = ("3.11", "3.12", "3.13", "3.14")
OWN: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
SUITES: Final = ("tests/unit", "tests/contract", "tests/property", "tests/faults")
EXTRAS: Final = "cli,postgres,mysql,speed,test"
PROFILE: Final = "quick"
"""Of Hypothesis: the interpreter is what is tried here, not the rules."""


def main(arguments: list[str]) -> int:
    """Run on all that are there; 0 where nothing failed and nothing required was missing."""
    wanted = [version for version in VERSIONS if version != OWN]
    there = {version: found for version in wanted if (found := interpreter(version))}
    for version in wanted:
        if version not in there:
            say(f"left out: Python {version}, for there is no python{version} here")
    missing = [version for version in required() if version != OWN and version not in there]
    if missing:
        say(f"failed: Python {', '.join(missing)} is required and not there")
    chosen = [version for version in there if not (only := chosen_only()) or version in only]
    failed = [version for version in chosen if not passes(version, there[version], arguments)]
    if failed:
        say(f"failed: on Python {', '.join(failed)}")
    return 1 if missing or failed else 0


def interpreter(version: str) -> str | None:
    """A Python of this minor version that runs and can make environments."""
    for candidate in candidates(version):
        probe = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
        try:
            told = subprocess.run(
                [candidate, "-c", probe], capture_output=True, text=True, check=False, timeout=60
            )
        except OSError:
            continue
        if told.stdout.strip() == version:
            return candidate
    return None


def candidates(version: str) -> Iterator[str]:
    """Where a Python of this version may be: the path, and pyenv's versions, newest first."""
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = pyenv.glob(f"{version}.*/bin/python{version}")
    yield from map(str, sorted(found, key=_patch_level, reverse=True))


def _patch_level(path: Path) -> tuple[int, ...]:
    parts = path.parents[1].name.split(".")
    return tuple(int(part) if part.isdigit() else 0 for part in parts)


def passes(version: str, python: str, arguments: Iterable[str]) -> bool:
    """Whether the suites pass on this interpreter."""
    own = environment(version, python)
    if own is None:
        return False
    say(f"Python {version}: {', '.join(SUITES)}")
    pytest = [str(own), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command = [*pytest, *SUITES, *arguments]
    settings = {**os.environ, "HYPOTHESIS_PROFILE": PROFILE}
    return subprocess.run(command, cwd=ROOT, env=settings, check=False).returncode == 0


def environment(version: str, python: str) -> Path | None:
    """The Python of an environment with all that the suites need; None where it cannot be made."""
    place = ENVIRONMENTS / version
    own, done = place / "bin" / "python", place / "installed"
    pyproject = ROOT / "pyproject.toml"
    if done.exists() and done.stat().st_mtime >= pyproject.stat().st_mtime:
        return own
    say(f"Python {version}: installing into {place.relative_to(ROOT)} (a minute, once)")
    pip = [str(own), "-m", "pip", "--disable-pip-version-check", "-qq", "install", "-e"]
    steps = ([python, "-m", "venv", "--clear", str(place)], [*pip, f".[{EXTRAS}]"])
    for step in steps:
        if subprocess.run(step, cwd=ROOT, check=False).returncode:
            say(f"failed: {' '.join(step)}")
            return None
    # A newer SQLite has no wheel for every interpreter; the one inside Python does, too.
    subprocess.run([*pip, ".[sqlite-latest]"], cwd=ROOT, capture_output=True, check=False)
    done.touch()
    return own


def required() -> list[str]:
    """The versions that must be there."""
    return _named("ERRANDS_REQUIRE_PYTHONS")


def chosen_only() -> list[str]:
    """The only versions to run on; none is all that are there."""
    return _named("ERRANDS_ONLY_PYTHONS")


def _named(variable: str) -> list[str]:
    names = os.environ.get(variable, "").split(",")
    return [name.strip() for name in names if name.strip()]


def say(text: str) -> None:
    print(f"==> {text}", flush=True)  # noqa: T201 - a program for people


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
