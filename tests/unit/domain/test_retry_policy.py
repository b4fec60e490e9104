"""How many runs a job gets, and how long it waits between them."""

import math
from datetime import timedelta
from json import JSONDecodeError

import pytest

from errands.core.domain.errors import InvalidOption
from errands.core.domain.job.retry import (
    Backoff,
    BackoffKind,
    RetryPolicy,
    checked_backoff,
    qualified_name,
)


class Broken(ValueError):
    pass


class VeryBroken(Broken):
    pass


def seconds(backoff: Backoff, attempts: int) -> list[float]:
    """The waits after the first so many attempts."""
    return [backoff.delay(made).total_seconds() for made in range(1, attempts + 1)]


@pytest.mark.parametrize(
    ("backoff", "expected"),
    [
        (Backoff(), [1, 2, 4, 8, 16, 32, 60, 60]),
        (Backoff.fixed(5), [5, 5, 5, 5]),
        (Backoff.fixed(0), [0, 0, 0]),
        (Backoff.fixed(3600), [3600, 3600]),
        (Backoff.linear(2), [2, 4, 6, 8]),
        (Backoff.linear(25), [25, 50, 60, 60]),
        (Backoff.linear(2, cap=5), [2, 4, 5, 5]),
        (Backoff.exponential(0), [0, 0, 0]),
        (Backoff.exponential(0.5), [0.5, 1, 2, 4]),
        (Backoff.exponential(1, factor=3, cap=10), [1, 3, 9, 10]),
        (Backoff.exponential(1, factor=1), [1, 1, 1]),
        (Backoff.exponential(1, factor=1.5), [1, 1.5, 2.25, 3.375, 5.063]),
        (Backoff.exponential(10, cap=5), [5, 5]),
        (Backoff.custom("mine"), [1, 2, 4]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_the_table_of_waits(backoff: Backoff, expected: list[float]) -> None:
    assert seconds(backoff, len(expected)) == expected


@pytest.mark.parametrize(
    "backoff",
    [
        Backoff.linear(1),
        Backoff.exponential(),
        Backoff.exponential(0.001, factor=1.01),
        Backoff.exponential(0.001, factor=1e308),
        Backoff.exponential(timedelta(days=36_500), factor=2**1000),
    ],
    ids=lambda backoff: f"{backoff.kind.value} {backoff.factor:g}",
)
def test_a_growing_wait_reaches_its_cap_and_stays(backoff: Backoff) -> None:
    assert [backoff.delay(made) for made in (100_000, 2**31, 10**400)] == [backoff.cap] * 3


def test_the_wait_before_the_second_run_is_the_base_whatever_the_factor() -> None:
    assert Backoff.exponential(1, factor=1e308).delay(1) == timedelta(seconds=1)


def test_a_cap_of_zero_means_no_wait() -> None:
    assert seconds(Backoff.exponential(1, cap=0), 3) == [0, 0, 0]


@pytest.mark.parametrize(
    ("jitter", "chance", "expected"),
    [(0, 0.9, 10), (1, 0, 10), (1, 0.25, 7.5), (0.5, 0.5, 7.5), (0.5, 0.999999, 5.001)],
)
def test_jitter_takes_a_share_off(jitter: float, chance: float, expected: float) -> None:
    policy = RetryPolicy(backoff=Backoff.fixed(10), jitter=jitter)

    assert policy.wait(1, chance).total_seconds() == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, Backoff.fixed(5)),
        (0, Backoff.fixed(0)),
        (0.5, Backoff.fixed(0.5)),
        (timedelta(minutes=5), Backoff.fixed(300)),
        ("fixed", Backoff(BackoffKind.FIXED)),
        ("linear", Backoff(BackoffKind.LINEAR)),
        ("exponential", Backoff()),
        (Backoff.linear(2), Backoff.linear(2)),
    ],
    ids=str,
)
def test_a_backoff_may_be_written_short(value: object, expected: Backoff) -> None:
    assert checked_backoff(value) == expected


@pytest.mark.parametrize("value", [True, -1, math.nan, "", " ", None, [], b"fixed"])
def test_what_is_no_backoff_is_refused(value: object) -> None:
    with pytest.raises(InvalidOption, match=r"^backoff: "):
        checked_backoff(value)


@pytest.mark.parametrize(
    "arguments",
    [
        {"kind": "random"},
        {"kind": "custom"},
        {"name": "mine"},
        {"kind": "custom", "name": ""},
        {"base": -1},
        {"base": math.nan},
        {"cap": "60"},
        {"factor": 0.9},
        {"factor": 0},
        {"factor": math.nan},
        {"factor": math.inf},
        {"factor": 10**400},
        {"factor": True},
        {"factor": "2"},
    ],
    ids=lambda arguments: str(arguments)[:40],
)
def test_a_backoff_is_valid_from_birth(arguments: dict[str, object]) -> None:
    with pytest.raises(InvalidOption, match=r"^backoff: "):
        Backoff(**arguments)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_backoff_may_name_its_kind() -> None:
    assert Backoff(kind="linear").kind is BackoffKind.LINEAR


def test_the_default_policy_is_that_of_the_design() -> None:
    policy = RetryPolicy()

    assert (policy.max_attempts, policy.jitter, policy.never) == (3, 0, frozenset())
    assert policy.backoff == Backoff.exponential(1, factor=2, cap=60)


@pytest.mark.parametrize(("made", "may"), [(0, True), (1, True), (2, False), (3, False)])
def test_a_job_has_attempts_left_until_max_attempts(made: int, may: bool) -> None:
    assert RetryPolicy(max_attempts=2).has_attempts_left(made) is may


def test_without_never_every_error_is_tried_again() -> None:
    assert not RetryPolicy().forbids(ValueError())


@pytest.mark.parametrize(
    ("never", "error", "is_forbidden"),
    [
        ([ValueError], ValueError(), True),
        ([ValueError], Broken(), True),
        ([ValueError], VeryBroken(), True),
        ([Broken], ValueError(), False),
        ([ValueError], TypeError(), False),
        (["ValueError"], Broken(), True),
        ([f"{__name__}.Broken"], VeryBroken(), True),
        (["Broken"], Broken(), False),
        ([OSError, LookupError], KeyError(), True),
        ([Exception], Broken(), True),
        ([Exception], KeyboardInterrupt(), False),
        ([BaseException], KeyboardInterrupt(), True),
    ],
)
def test_never_is_matched_along_the_mro(
    never: list[object], error: BaseException, is_forbidden: bool
) -> None:
    policy = RetryPolicy(never=never)

    assert policy.forbids(error) is is_forbidden


def test_never_is_kept_as_names() -> None:
    policy = RetryPolicy(never=[KeyError, Broken, "app.errors.Gone"])

    assert policy.never == {"KeyError", f"{__name__}.Broken", "app.errors.Gone"}


def test_a_type_is_named_by_module_and_qualified_name() -> None:
    assert qualified_name(JSONDecodeError) == "json.decoder.JSONDecodeError"


def test_a_builtin_type_is_named_shortly() -> None:
    assert qualified_name(ValueError) == "ValueError"
