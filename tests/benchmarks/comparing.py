"""MariaDB's figures against PostgreSQL's of the same run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from tests.benchmarks.result import Result, at_least
from tests.benchmarks.targets import TARGETS

COMPARED = ("A", "B", "C")


def compared(results: Sequence[Result]) -> Iterator[Result]:
    """A line more for each such figure that both have."""
    ours = {
        (result.measure, result.what): result for result in results if _is("postgresql", result)
    }
    for result in results:
        other = ours.get((result.measure, result.what))
        if other is not None and _is("mariadb", result) and result.unit == other.unit:
            yield attrs.evolve(
                result,
                what=f"{result.what}, against PostgreSQL",
                limit=other.value,
                **at_least(TARGETS["mariadb"].against_postgresql, result.value / other.value),
            )


def _is(store: str, result: Result) -> bool:
    return result.store == store and result.measure in COMPARED
