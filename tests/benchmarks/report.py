"""The tables, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.result import Result

HEAD: Final = ("", "measure", "ours", "unit", "reference", "ratio", "target", "met")
TITLES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}


def number(value: float | None) -> str:
    """Three digits that count, or whole thousands."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cells(result: Result) -> tuple[str, ...]:
    """One line, under `HEAD`."""
    return (
        result.measure,
        result.what,
        number(result.value),
        result.unit,
        number(result.limit),
        "" if result.ratio is None else f"{result.ratio:.2f}",
        result.target,
        "yes" if result.met else "NO",
    )


def by_store(results: Iterable[Result]) -> dict[str, list[Result]]:
    """The results of each store."""
    parted: dict[str, list[Result]] = {}
    for result in results:
        parted.setdefault(result.store, []).append(result)
    return parted


def as_text(results: Sequence[Result]) -> str:
    """A table for each store, for a terminal."""
    lines = [HEAD, *map(cells, results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n\n".join(
        "\n".join([TITLES[store], *(_padded(line, widths) for line in (HEAD, *map(cells, found)))])
        for store, found in by_store(results).items()
    )


def _padded(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def as_markdown(results: Iterable[Result]) -> str:
    """One table for a document."""
    lines = [HEAD, tuple("---" for _ in HEAD), *map(cells, results)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_json(path: Path, results: Sequence[Result], facts: dict[str, Any]) -> None:
    """A list with an object for each result, and one with machine and versions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    objects = [*(result.as_json() for result in results), facts]
    path.write_text(json.dumps(objects, indent=2) + "\n")
