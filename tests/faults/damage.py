"""Damage to the row of the job `bad`, and what stands in it."""

from typing import Any, Final

import pytest

from errands import JobContext
from tests.faults.site import Site

BEYOND: Final = 2**60
"""A moment that no calendar has."""
DAMAGES: Final = {
    "policy": "no json",
    "labels": '{"tags": "one"}',
    "failures": '[["half", "a failure"]]',
    "created_at": BEYOND,
    "cancel_requested_at": BEYOND,
    "lapses_at": BEYOND,
    "finished_at": -BEYOND,
}
COLUMNS: Final = pytest.mark.parametrize("column", DAMAGES)
SOME_COLUMNS: Final = pytest.mark.parametrize("column", ["policy", "failures", "finished_at"])


def damage(site: Site, column: str, value: object = None) -> None:
    """Put what nobody can read into a column, or this value."""
    value = DAMAGES[column] if value is None else value
    site.run(f"UPDATE errands_job SET {column} = :value WHERE id = 'bad'", value=value)


def stored(site: Site, *columns: str) -> Any:
    """What stands in a column; for several, a tuple."""
    [row] = site.run(f"SELECT {', '.join(columns)} FROM errands_job WHERE id = 'bad'")
    return row[0] if len(columns) == 1 else tuple(row)


async def nothing(data: object, context: JobContext) -> None:
    """A handler."""
