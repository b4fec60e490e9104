"""Values that nobody should give, and some that are sound for this argument or that."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final


def _nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


NASTY: Final[Mapping[str, Any]] = {
    "None": None,
    "True": True,
    "-1": -1,
    "2**64": 2**64,
    "10**5000": 10**5000,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "bytes": b"x",
    "blank": "",
    "surrogate": "\ud800",
    "NUL": "a\0b",
    "long": "x" * 300,
    "dict": {},
    "dict of 1": {1: object()},
    "dict of deep": {"a": _nested(5_000)},
    "list": [],
    "list of None": [None],
    "deep": _nested(5_000),
    "set": {1, "x"},
    "object": object(),
    "class": int,
    "naive": datetime(2026, 1, 1),  # noqa: DTZ001 - that is what is refused
    "first": datetime.min.replace(tzinfo=timezone(timedelta(hours=9))),
    "last": datetime.max.replace(tzinfo=UTC),
    "shortest": timedelta.min,
    "longest": timedelta.max,
}
