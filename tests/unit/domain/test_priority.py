"""Priorities."""

import pytest

from errands.core.domain.errors import InvalidOption
from errands.core.domain.job.priority import Priority, checked_priority


def test_higher_is_more_urgent() -> None:
    assert [level.value for level in Priority] == [-10, 0, 10, 20]
    assert Priority.LOW < Priority.NORMAL < Priority.HIGH < Priority.URGENT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (7, 7),
        (-(2**31), -(2**31)),
        (2**31 - 1, 2**31 - 1),
        (Priority.HIGH, 10),
        ("urgent", 20),
        ("Normal", 0),
        ("LOW", -10),
    ],
)
def test_a_priority_is_a_number_or_a_level(value: object, expected: int) -> None:
    assert checked_priority(value) == expected


def test_a_level_becomes_a_plain_number() -> None:
    assert type(checked_priority(Priority.HIGH)) is int


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 1.5, float("nan"), True, "fast", "", None])
def test_what_is_no_priority_is_refused(value: object) -> None:
    with pytest.raises(InvalidOption, match=r"^priority: "):
        checked_priority(value)
