"""What is kept of errors."""

import pytest

from errands.core.domain.job import defaults
from errands.core.domain.job.failure import ErrorInfo, Failure, kept, storable
from tests.unit.domain.builders import NOW

LIMIT = defaults.MAX_ERROR_TEXT


def a_kept_failure(number: int) -> Failure:
    return Failure("ValueError", str(number), "", number, NOW)


def test_an_error_is_kept_as_text() -> None:
    error = ErrorInfo.of("app.Broken", "no route", "Traceback ...")

    assert (error.type, error.message, error.traceback) == (
        "app.Broken",
        "no route",
        "Traceback ...",
    )


def test_a_long_message_is_cut_to_half_the_room() -> None:
    error = ErrorInfo.of("ValueError", "x" * 100_000)

    assert len(error.message) == LIMIT // 2
    assert error.message.endswith("x ... [cut]")


def test_a_long_type_name_is_cut() -> None:
    assert len(ErrorInfo.of("x" * 1000, "").type) == defaults.MAX_NAME


def test_a_long_traceback_keeps_its_end() -> None:
    error = ErrorInfo.of("ValueError", "", "start" + "." * 100_000 + "ValueError: end")

    assert error.traceback.endswith("ValueError: end")
    assert not error.traceback.startswith("start")


def test_a_traceback_made_longer_by_escapes_keeps_its_end() -> None:
    error = ErrorInfo.of("ValueError", "", "\0" * LIMIT + "ValueError: end")

    assert error.traceback.endswith("\\x00ValueError: end")
    assert len(error.traceback) == LIMIT


@pytest.mark.parametrize("length", [0, 1, LIMIT // 2, LIMIT, 10 * LIMIT])
def test_message_and_traceback_share_their_room(length: int) -> None:
    error = ErrorInfo.of("ValueError", "m" * length, "t" * 10 * LIMIT)

    assert len(error.message) + len(error.traceback) == LIMIT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        ("a\0b", "a\\x00b"),
        ("a\ud800b", "a\\ud800b"),
        ("\N{ROCKET}ä", "\N{ROCKET}ä"),
    ],
    ids=ascii,
)
def test_text_is_made_storable(text: str, expected: str) -> None:
    assert storable(text) == expected


def test_every_text_of_an_error_is_storable() -> None:
    error = ErrorInfo.of("A\0", "b\ud800", "c\0\ud800")

    assert (error.type, error.message, error.traceback) == (
        "A\\x00",
        "b\\ud800",
        "c\\x00\\ud800",
    )


def test_text_at_its_limit_is_not_cut() -> None:
    assert storable("x" * 20, 20) == "x" * 20


def test_text_over_its_limit_is_cut_to_it() -> None:
    assert storable("x" * 21, 20) == "x" * 10 + " ... [cut]"


def test_the_newest_ten_failures_are_kept() -> None:
    failures: tuple[Failure, ...] = ()

    for number in range(1, 13):
        failures = kept(failures, a_kept_failure(number))

    assert [failure.attempt for failure in failures] == list(range(3, 13))


def test_several_failures_may_come_at_once() -> None:
    failures = kept((a_kept_failure(1),), a_kept_failure(2), a_kept_failure(3))

    assert [failure.attempt for failure in failures] == [1, 2, 3]


def test_a_failure_reads_as_type_and_message() -> None:
    assert Failure("ValueError", "no", "", 1, NOW).reason == "ValueError: no"


def test_a_failure_without_message_reads_as_its_type() -> None:
    assert Failure("ValueError", "", "", 1, NOW).reason == "ValueError"
