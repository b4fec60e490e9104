"""How long a settled job is kept."""

from datetime import timedelta

import pytest

from errands.core.domain.errors import InvalidOption
from errands.core.domain.job.retention import Keep, checked_keep
from tests.unit.domain.builders import HOUR, NOW


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, Keep()),
        (False, Keep(age=timedelta(0))),
        (0, Keep(count=0)),
        (1, Keep(count=1)),
        (2**31 - 1, Keep(count=2**31 - 1)),
        (HOUR, Keep(age=HOUR)),
        (timedelta(0), Keep(age=timedelta(0))),
        (Keep(5, HOUR), Keep(5, HOUR)),
        (Keep(age=timedelta(microseconds=1)), Keep(age=timedelta(milliseconds=1))),
    ],
    ids=repr,
)
def test_a_keep_is_a_flag_a_count_an_age_or_both(value: object, expected: Keep) -> None:
    assert checked_keep(value, "keep_failed") == expected


@pytest.mark.parametrize(
    "value",
    [
        -1,
        2**31,
        1.5,
        float("nan"),
        "7 days",
        None,
        timedelta(-1),
        Keep(-1),
        Keep(True),
        Keep(age=timedelta(-1)),
        Keep("1"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        Keep(age="1"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ],
    ids=repr,
)
def test_what_is_no_keep_is_refused(value: object) -> None:
    with pytest.raises(InvalidOption, match=r"^keep_failed: "):
        checked_keep(value, "keep_failed")


def test_an_age_says_when_a_job_is_purged() -> None:
    assert Keep(age=HOUR).purge_at(NOW) == NOW + HOUR


def test_an_age_of_zero_purges_at_once() -> None:
    assert Keep(age=timedelta(0)).purge_at(NOW) == NOW


def test_without_an_age_nothing_is_purged_by_time() -> None:
    assert Keep(count=3).purge_at(NOW) is None
