"""Names and ids."""

import pytest

from errands.core.domain.errors import InvalidOption
from errands.core.domain.job.identity import JobId, JobRef, checked_name


@pytest.mark.parametrize(
    "value", ["a", "a b", "ä", "数", "x" * 255, "数" * 255, "schedule:1700000000000", "\N{ROCKET}"]
)
def test_a_name_is_kept_as_it_is(value: str) -> None:
    assert checked_name(value, "name") == value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "blank"),
        ("  \t\n", "blank"),
        ("x" * 256, "256 characters"),
        ("x" * 300, "300 characters"),
        ("a\0b", "NUL"),
        ("a\ud800", "Unicode"),
        (5, "not int"),
        (b"a", "not bytes"),
        (None, "not NoneType"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_name_is_refused(value: object, reason: str) -> None:
    with pytest.raises(InvalidOption, match=f"queue: .*{reason}"):
        checked_name(value, "queue")


def test_a_job_id_is_text() -> None:
    assert JobId("invoice-7") == "invoice-7"


def test_what_is_no_name_is_no_job_id() -> None:
    with pytest.raises(InvalidOption, match="job_id"):
        JobId(" ")


def test_references_are_equal_by_queue_and_id() -> None:
    assert JobRef("mail", "1") == JobRef("mail", "1")
    assert JobRef("mail", "1") != JobRef("post", "1")


def test_a_reference_reads_as_queue_and_id() -> None:
    assert str(JobRef("mail", "1")) == "mail/1"
