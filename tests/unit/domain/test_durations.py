"""Durations and instants as callers write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from errands.core.domain.errors import InvalidOption
from errands.core.domain.job.durations import doubling, duration, instant, whole_milliseconds

MILLISECOND = timedelta(milliseconds=1)
MICROSECOND = timedelta(microseconds=1)
LONGEST = timedelta(days=36_500)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, timedelta(0)),
        (0.0, timedelta(0)),
        (2, timedelta(seconds=2)),
        (0.25, timedelta(milliseconds=250)),
        (0.07, timedelta(milliseconds=70)),
        (timedelta(minutes=1), timedelta(minutes=1)),
        (timedelta(0), timedelta(0)),
        (0.0001, MILLISECOND),
        (MICROSECOND, MILLISECOND),
        (MILLISECOND + MICROSECOND, 2 * MILLISECOND),
        (LONGEST, LONGEST),
        (LONGEST.total_seconds(), LONGEST),
    ],
)
def test_a_duration_is_seconds_or_a_timedelta(value: object, expected: timedelta) -> None:
    assert duration(value, "delay") == expected


@pytest.mark.parametrize(
    "value",
    [
        -1,
        -0.001,
        timedelta(microseconds=-1),
        float("nan"),
        float("inf"),
        float("-inf"),
        10**400,
        -(10**400),
        LONGEST.total_seconds() + 1,
        LONGEST + MICROSECOND,
        timedelta.max,
        True,
        False,
        "5",
        None,
        [1],
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(InvalidOption) as refusal:
        duration(value, "delay")

    assert refusal.value.field == "delay"


@pytest.mark.parametrize("value", [0, 0.0, timedelta(0)])
def test_zero_is_refused_where_more_is_needed(value: object) -> None:
    with pytest.raises(InvalidOption, match="timeout: must be more than 0"):
        duration(value, "timeout", positive=True)


def test_a_duration_that_must_be_positive_may_be_tiny() -> None:
    assert duration(MICROSECOND, "timeout", positive=True) == MILLISECOND


def test_whole_milliseconds_stay() -> None:
    assert whole_milliseconds(5 * MILLISECOND) == 5 * MILLISECOND


@pytest.mark.parametrize(("times", "seconds"), [(0, 1), (1, 2), (5, 32), (6, 60), (10_000, 60)])
def test_doubling_ends_at_its_cap(times: int, seconds: int) -> None:
    assert doubling(timedelta(seconds=1), times, timedelta(seconds=60)).total_seconds() == seconds


def test_an_instant_is_utc() -> None:
    berlin = timezone(timedelta(hours=1))

    moment = instant(datetime(2026, 1, 1, 12, tzinfo=berlin), "run_at")

    assert moment == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert moment.tzinfo is UTC


def test_an_instant_is_rounded_up() -> None:
    exact = datetime(2026, 1, 1, 0, 0, 0, 1001, tzinfo=UTC)

    assert instant(exact, "run_at").microsecond == 2000


def test_an_instant_before_the_epoch_is_rounded_up_too() -> None:
    exact = datetime(1969, 12, 31, 23, 59, 59, 998_001, tzinfo=UTC)

    assert instant(exact, "run_at").microsecond == 999_000


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 - what must be refused.
        "2026-01-01",
        1_700_000_000,
        None,
        True,
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
    ],
    ids=repr,
)
def test_what_is_no_instant_is_refused(value: object) -> None:
    with pytest.raises(InvalidOption) as refusal:
        instant(value, "run_at")

    assert refusal.value.field == "run_at"
