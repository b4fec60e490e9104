"""What was measured, by axis and point, and the file that keeps it from run to run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs


@attrs.frozen
class Figure:
    """A value at a point of an axis: so many jobs, queues or connections."""

    axis: str
    point: int
    what: str
    value: float
    unit: str


def write(path: Path, figures: Sequence[Figure], facts: dict[str, Any]) -> None:
    """Keep them as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {"facts": facts, "figures": [attrs.asdict(figure) for figure in figures]}
    path.write_text(json.dumps(kept, indent=2) + "\n")


def read(path: Path) -> list[Figure]:
    """Those of earlier runs; none where there was no run."""
    if not path.exists():
        return []
    return [Figure(**figure) for figure in json.loads(path.read_text())["figures"]]


def merged(old: Iterable[Figure], new: Sequence[Figure]) -> list[Figure]:
    """Both, where a point that was measured anew counts as it is now."""
    places = {(figure.axis, figure.point) for figure in new}
    kept = [figure for figure in old if (figure.axis, figure.point) not in places]
    return [*kept, *new]
