"""The files that the demo analyses."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Final

import attrs

FOREIGN: Final = frozenset({"site-packages", "dist-packages", "__pycache__"})
LEAST_TESTS: Final = 100
"""Files below which Python's test folder counts as missing."""
FLAKY_EVERY: Final = 150
"""Every so-many-th file fails at its first attempt, to show retries."""

BROKEN: Final = {
    "unclosed.py": b"def broken(:\n    return 1\n",
    "undecodable.py": b"# -*- coding: utf-8 -*-\nname = '\xff\xfe'\n",
    "unknown_coding.py": b"# -*- coding: klingon -*-\n",
    "nul.py": b"value = 1\x00\n",
}


@attrs.frozen
class Source:
    """One file: `name` is its place in the library and its job's id."""

    name: str
    path: Path
    is_flaky: bool = False


@attrs.frozen
class Sources:
    """The files, and what there is to say about them."""

    files: tuple[Source, ...]
    note: str


def find_sources(made: Path, limit: int | None) -> Sources:
    """The source files of the running Python's standard library, its tests included.

    With a limit, that many of them, evenly spread. Where the tests are missing, and with
    a limit, a few files that do not parse are made below `made`.
    """
    root = Path(sysconfig.get_path("stdlib"))
    found = sorted(
        path for path in root.rglob("*.py") if not FOREIGN & set(path.relative_to(root).parts)
    )
    tests = sum(path.relative_to(root).parts[0] == "test" for path in found)
    names = [(path.relative_to(root).as_posix(), path) for path in found]
    note = f"{len(names):,} source files of Python's standard library in {root}"
    if limit is not None and limit < len(names):
        names = [names[place * len(names) // limit] for place in range(limit)]
        note = f"{limit:,} of {note}"
    if tests < LEAST_TESTS or limit is not None:
        why = "" if tests >= LEAST_TESTS else "; this Python ships without its test folder"
        note = f"{note}{why}, and {len(BROKEN)} broken files made for the demo"
        names += _make_broken(made)
    return Sources(tuple(_source(place, *name) for place, name in enumerate(names)), note)


def _make_broken(folder: Path) -> list[tuple[str, Path]]:
    for name, content in BROKEN.items():
        (folder / name).write_bytes(content)
    return [(f"made-for-the-demo/{name}", folder / name) for name in BROKEN]


def _source(place: int, name: str, path: Path) -> Source:
    return Source(name, path, is_flaky=place % FLAKY_EVERY == FLAKY_EVERY // 4)
