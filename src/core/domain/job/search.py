"""What a search asks of a job, decided here for every store.

JSON values are equal as JSON has them: true, 1 and "1" are three values, null is a value and
not the absence of one, numbers are equal by their exact value however they are written (1, 1.0
and 1e0, 0.0 and -0.0), arrays in order, objects by their keys in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from .record import JobRecord


def is_same_json(one: object, other: object) -> bool:
    """Whether two JSON values, of plain Python types, are equal; nested however deeply."""
    pairs: list[tuple[object, object]] = [(one, other)]
    while pairs:
        left, right = pairs.pop()
        if _is_object(left) and _is_object(right):
            if left.keys() != right.keys():
                return False
            pairs += [(left[key], right[key]) for key in left]
        elif _is_array(left) and _is_array(right):
            if len(left) != len(right):
                return False
            pairs += zip(left, right, strict=True)
        elif not _is_same_scalar(left, right):
            return False
    return True


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_array(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _is_same_scalar(one: object, other: object) -> bool:
    """Python's own `==` of int and float is exact; that of bool and int is not JSON's."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and one == other


def has_metadata(job: JobRecord, wanted: Mapping[str, Any]) -> bool:
    """Whether the job's metadata has these values under these keys."""
    metadata = job.labels.metadata
    return all(
        key in metadata and is_same_json(metadata[key], value) for key, value in wanted.items()
    )


def has_error(job: JobRecord, text: str) -> bool:
    """Whether the line of one of the job's failures contains this text, letter by letter."""
    return any(text in failure.reason for failure in job.failures)
