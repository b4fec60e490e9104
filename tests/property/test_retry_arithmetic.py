"""Waits between attempts, and the rounding of every time that is stored."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from errands.core.domain.job.durations import duration, instant
from errands.core.domain.job.retry import Backoff, RetryPolicy

ZERO = timedelta(0)
MILLISECOND = timedelta(milliseconds=1)
MICROSECOND = timedelta(microseconds=1)
CENTURY = timedelta(days=36_500)

durations = st.timedeltas(ZERO, CENTURY)
bases = st.one_of(durations, st.timedeltas(ZERO, timedelta(minutes=5)))
factors = st.one_of(st.floats(1, 10), st.floats(1, 1e300), st.integers(1, 2**1000))
attempts = st.one_of(st.integers(1, 50), st.integers(1, 2**31), st.integers(1, 10**400))
shares = st.floats(0, 1)
chances = st.floats(0, 1, exclude_max=True)

fixed = st.builds(Backoff.fixed, bases)
linear = st.builds(Backoff.linear, bases, cap=bases)
exponential = st.builds(Backoff.exponential, bases, factor=factors, cap=bases)
backoffs = st.one_of(fixed, linear, exponential)


def is_whole_milliseconds(span: timedelta) -> bool:
    return span % MILLISECOND == ZERO


@given(backoffs, attempts)
def test_a_wait_is_never_negative_and_never_above_its_cap(backoff: Backoff, made: int) -> None:
    assert ZERO <= backoff.delay(made) <= backoff.cap


@given(backoffs, attempts)
def test_a_wait_is_whole_milliseconds(backoff: Backoff, made: int) -> None:
    assert is_whole_milliseconds(backoff.delay(made))


@given(st.one_of(linear, exponential), attempts, attempts)
def test_a_later_wait_is_never_shorter(backoff: Backoff, one: int, other: int) -> None:
    earlier, later = sorted([one, other])

    assert backoff.delay(earlier) <= backoff.delay(later)


@given(st.one_of(linear, exponential), st.integers(1, 10_000))
def test_the_next_wait_is_never_shorter(backoff: Backoff, made: int) -> None:
    assert backoff.delay(made) <= backoff.delay(made + 1)


@given(fixed, attempts)
def test_a_fixed_wait_is_always_its_base(backoff: Backoff, made: int) -> None:
    assert backoff.delay(made) == backoff.base


@given(bases, factors, bases)
def test_the_first_exponential_wait_is_its_base(
    base: timedelta, factor: float, cap: timedelta
) -> None:
    backoff = Backoff.exponential(base, factor=factor, cap=cap)

    assert backoff.delay(1) == min(backoff.base, backoff.cap)


@given(st.integers(0, 60_000), st.integers(1, 100))
def test_a_linear_wait_is_a_multiple_of_its_base(milliseconds: int, made: int) -> None:
    backoff = Backoff.linear(milliseconds * MILLISECOND, cap=CENTURY)

    assert backoff.delay(made) == made * milliseconds * MILLISECOND


@given(st.integers(0, 60_000), st.integers(1, 20))
def test_a_doubling_wait_is_exact(milliseconds: int, made: int) -> None:
    backoff = Backoff.exponential(milliseconds * MILLISECOND, factor=2, cap=CENTURY)

    assert backoff.delay(made) == milliseconds * MILLISECOND * 2 ** (made - 1)


@given(backoffs, shares, attempts, chances)
def test_jitter_only_shortens(backoff: Backoff, jitter: float, made: int, chance: float) -> None:
    policy = RetryPolicy(backoff=backoff, jitter=jitter)

    wait = policy.wait(made, chance)

    assert ZERO <= wait <= backoff.delay(made)
    assert is_whole_milliseconds(wait)


@given(backoffs, shares, attempts, chances)
def test_jitter_takes_at_most_its_share(
    backoff: Backoff, jitter: float, made: int, chance: float
) -> None:
    policy = RetryPolicy(backoff=backoff, jitter=jitter)

    # The shorter wait is worked out in floats, exact to 2 ** -53 of a century: below 1 us.
    assert policy.wait(made, chance) >= backoff.delay(made) * (1 - jitter) - MICROSECOND


@given(st.integers(1, 2**31 - 1), st.integers(0, 2**32))
def test_attempts_are_left_below_max_attempts_only(most: int, made: int) -> None:
    assert RetryPolicy(max_attempts=most).has_attempts_left(made) is (made < most)


@given(durations)
def test_a_timedelta_is_rounded_up_to_the_next_millisecond(span: timedelta) -> None:
    rounded = duration(span, "delay")

    assert span <= rounded < span + MILLISECOND
    assert is_whole_milliseconds(rounded)


@given(st.floats(0, CENTURY.total_seconds()))
def test_seconds_are_rounded_up_to_the_next_millisecond(seconds: float) -> None:
    exact = timedelta(seconds=seconds)

    rounded = duration(seconds, "delay")

    assert exact <= rounded < exact + MILLISECOND
    assert is_whole_milliseconds(rounded)


@given(durations)
def test_a_rounded_duration_stays(span: timedelta) -> None:
    rounded = duration(span, "delay")

    assert duration(rounded, "delay") == rounded


@given(
    st.datetimes(
        datetime(1, 1, 3),  # noqa: DTZ001 - Hypothesis adds the zone.
        datetime(9999, 12, 30),  # noqa: DTZ001
        timezones=st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23))),
    )
)
def test_an_instant_is_rounded_up_to_the_next_millisecond(moment: datetime) -> None:
    rounded = instant(moment, "run_at")

    assert moment <= rounded < moment + MILLISECOND
    assert rounded.tzinfo is UTC
    assert rounded.microsecond % 1000 == 0
