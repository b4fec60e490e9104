"""A table for each axis: a line for each measure, a column for each point."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.processes import ROOT
from tests.benchmarks.report import number
from tests.benchmarks.scale.figures import Figure

PAGE: Final = ROOT / "docs" / "explanation" / "scale.md"
BEGIN: Final = "<!-- {axis}: written by `python -m tests.benchmarks.scale --write-docs` -->"
END: Final = "<!-- end of {axis} -->"
HEADS: Final = {
    "history": "finished jobs",
    "backlog": "waiting jobs",
    "queues": "queues",
    "connections": "connections",
    "pooler": "clients of PgBouncer",
}
"""What the points of each axis count."""


def as_markdown(axis: str, figures: Sequence[Figure]) -> str:
    """The table of an axis; the last column is the last point by the first."""
    points, lines = _parted(axis, figures)
    head = [HEADS[axis], "unit", *(f"{point:,}" for point in points)]
    grows = len(points) > 1
    rows = [head + ["last / first"] * grows, ["---"] * 2 + ["---:"] * (len(points) + grows)]
    for (what, unit), values in lines.items():
        cells = [number(values.get(point)) for point in points]
        rows.append([what, unit, *cells, *([_ratio(values, points)] if grows else [])])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def as_text(figures: Sequence[Figure]) -> str:
    """All tables, for a terminal."""
    axes = [axis for axis in HEADS if any(figure.axis == axis for figure in figures)]
    return "\n\n".join(as_markdown(axis, figures) for axis in axes)


def write_tables(figures: Sequence[Figure], facts: dict[str, Any], page: Path = PAGE) -> None:
    """Put each axis' table between its markers, and what it was measured on before the first."""
    text = page.read_text()
    for axis in HEADS:
        if any(figure.axis == axis for figure in figures):
            text = _put(text, axis, as_markdown(axis, figures))
    page.write_text(_put(text, "machine", _told(facts)))


def _put(text: str, axis: str, table: str) -> str:
    begin, end = BEGIN.format(axis=axis), END.format(axis=axis)
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise LookupError(f"the page has no place for {axis}")
    return f"{before}{begin}\n\n{table}\n\n{end}{after}"


def _told(facts: dict[str, Any]) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in facts["postgresql"].items())
    return f"{facts['machine']}. Python {facts['python']}. PostgreSQL: {settings}."


def _parted(
    axis: str, figures: Sequence[Figure]
) -> tuple[list[int], dict[tuple[str, str], dict[int, float]]]:
    lines: dict[tuple[str, str], dict[int, float]] = {}
    ours = sorted((f for f in figures if f.axis == axis), key=lambda figure: figure.point)
    for figure in ours:
        lines.setdefault((figure.what, figure.unit), {})[figure.point] = figure.value
    return sorted({figure.point for figure in ours}), lines


def _ratio(values: dict[int, float], points: Sequence[int]) -> str:
    first, last = values.get(points[0]), values.get(points[-1])
    return "" if not first or last is None else f"{last / first:.2g}"
