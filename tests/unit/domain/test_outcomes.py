"""How a run can end, as values."""

from datetime import timedelta

import pytest

from errands.core.domain.errors import InvalidOption
from errands.core.domain.job.failure import ErrorInfo
from errands.core.domain.job.outcome import Cancel, Fail, Release, Snooze

ERROR = ErrorInfo.of("ValueError", "boom")
NO_DURATION = [-1, float("nan"), float("inf"), True, "5", timedelta(-1)]


def test_a_snooze_takes_seconds_or_a_timedelta() -> None:
    assert Snooze(1.5) == Snooze(timedelta(seconds=1.5))


def test_a_snooze_of_zero_is_zero() -> None:
    assert Snooze(0).delay == timedelta(0)


@pytest.mark.parametrize("value", [*NO_DURATION, None])
def test_a_snooze_without_a_duration_is_refused(value: object) -> None:
    with pytest.raises(InvalidOption, match=r"^delay: "):
        Snooze(value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_failure_is_tried_again_by_policy_unless_it_says_otherwise() -> None:
    failure = Fail(ERROR)

    assert (failure.is_permanent, failure.retry_in, failure.chance) == (False, None, 0)


def test_a_wait_of_a_failure_is_whole_milliseconds() -> None:
    assert Fail(ERROR, retry_in=0.0001).retry_in == timedelta(milliseconds=1)


@pytest.mark.parametrize("value", NO_DURATION)
def test_a_failure_with_a_wait_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(InvalidOption, match=r"^retry_in: "):
        Fail(ERROR, retry_in=value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_release_a_handler_returns_is_its_own() -> None:
    assert Release().by_handler


def test_a_cancel_needs_no_reason() -> None:
    assert Cancel().reason == ""


def test_a_reason_that_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidOption, match=r"^reason: "):
        Cancel(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
