"""Which errors pass, which are one member's, and how the log tells of them."""

import logging

import pytest

from errands import (
    InvalidPayload,
    NewerSchema,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreGaveUp,
    StoreNotOpen,
    StoreReadOnly,
    StoreRefused,
    StoreUnavailable,
    StoreUnusable,
)
from errands.core.application.trouble import Complaint, Trouble, may_be_of_one

log = logging.getLogger("errands.test")


@pytest.mark.parametrize(
    ("kind", "trouble"),
    [
        (StoreBusy, Trouble.PASSING),
        (StoreFull, Trouble.PASSING),
        (StoreReadOnly, Trouble.PASSING),
        (StoreUnavailable, Trouble.PASSING),
        (StoreGaveUp, Trouble.GIVEN_UP),
        (StoreUnusable, Trouble.UNUSABLE),
        (StoreNotOpen, Trouble.PERMANENT),
        (NewerSchema, Trouble.PERMANENT),
        (StoreRefused, Trouble.REFUSAL),
        (StoreCorrupt, Trouble.UNKNOWN),
        (StoreError, Trouble.UNKNOWN),
    ],
)
def test_an_error_of_the_store_may_be_of_one_kind(kind: type[StoreError], trouble: Trouble) -> None:
    assert Trouble.of(kind("there")) is trouble


def test_a_value_that_cannot_be_kept_is_its_own_writers_affair() -> None:
    assert may_be_of_one(InvalidPayload("result", "is none"), is_patient=True)
    assert not may_be_of_one(StoreBusy("there"))


@pytest.mark.parametrize("kind", [StoreError, StoreGaveUp])
def test_who_is_patient_takes_to_be_passing_what_may_be_so(kind: type[StoreError]) -> None:
    assert may_be_of_one(kind("there"))
    assert not may_be_of_one(kind("there"), is_patient=True)


@pytest.mark.parametrize("kind", [StoreError, StoreRefused, StoreUnusable, StoreGaveUp])
def test_an_error_of_connecting_is_never_one_members(kind: type[StoreError]) -> None:
    error = kind("there")
    error.is_of_connecting = True

    assert not may_be_of_one(error)


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_does_not_pass_is_said_with_a_traceback_once_and_then_reminded_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch = Watch()
    complaint = Complaint(log, "the store failed", monotonic=watch)
    for watch.now in (0.0, 2.0, 14.0, 15.0, 16.0):
        complaint.say(StoreUnusable("there", "no such table"))

    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert [bool(record.exc_info) for record in caplog.records] == [True, False]
    assert complaint.lasts_seconds == 16.0


def test_what_passes_is_said_in_one_line_and_never_lasts(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch()
    complaint = Complaint(log, "the store failed", monotonic=watch)
    for watch.now in (0.0, 14.0, 40.0):
        complaint.say(StoreUnavailable("there"))

    assert [record.message for record in caplog.records] == [
        "the store failed, trying again: there: cannot be opened",
        "the store failed for 40 s, trying again: there: cannot be opened",
    ]
    assert not any(record.exc_info for record in caplog.records)
    assert complaint.lasts_seconds == 0.0


def test_what_is_over_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch()
    complaint = Complaint(log, "the store failed", monotonic=watch)
    complaint.say(StoreUnusable("there"))
    complaint.over()
    watch.now = 10.0
    complaint.say(StoreUnusable("there"))

    assert len(caplog.records) == 2
    assert complaint.lasts_seconds == 0.0
