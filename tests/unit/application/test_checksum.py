"""Values as bytes: equal ones are equal in any process and from any database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from errands import JobStatus
from errands.core.application.checksum import Scales, canonical
from errands.core.domain.job.identity import JobId, JobRef
from errands.core.domain.job.job import Job
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.options import JobOptions
from errands.core.domain.queue.queue import Queue

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def job(**options: Any) -> Job:
    made, _ = Job.add(
        ref=JobRef("mail", "1"),
        name="send",
        data="{}",
        options=JobOptions.of(options),
        moment=Moment(NOON),
    )
    made.number(1)
    return made


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (JobId("a"), "a"),
        (JobStatus.WAITING, JobStatus.WAITING.value),
        ({"a": 1, "b": (1, 2)}, {"b": [1, 2], "a": 1}),
        (frozenset({"a", "b", "c"}), frozenset({"c", "b", "a"})),
        (NOON, NOON.astimezone()),
        (job(), job()),
        (job(max_attempts=4, metadata={"a": 1}), job(metadata={"a": 1}, max_attempts=4)),
    ],
)
def test_equal_values_are_equal_bytes(one: object, other: object) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", 1),
        (1, 1.0),
        (None, "None"),
        (["a", "b"], ["a,b"]),
        ({"a": {"b": 1}}, {"a": {}, "b": 1}),
        (NOON, NOON + timedelta(milliseconds=1)),
        (timedelta(seconds=1), timedelta(seconds=2)),
        (job(), job(priority=1)),
        (job(), job(max_attempts=4)),
        (job(), job(tags=["a"])),
    ],
)
def test_different_values_are_different_bytes(one: object, other: object) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize("field", [field.name for field in attrs.fields(Job)])
def test_every_field_of_a_job_counts(field: str) -> None:
    changed = job()
    setattr(changed, field, "something else")

    assert canonical(changed) != canonical(job())


def test_scales_count_both_sides_and_name_the_first_difference() -> None:
    scales = Scales("queues")
    for name, other in (("a", "a"), ("b", "x"), ("c", "y")):
        scales.weigh(name, Queue(name=name), Queue(name=other))
    scales.weigh("d", Queue(name="d"), None)

    result = scales.result

    assert (result.source_count, result.target_count) == (4, 3)
    assert (result.is_same, result.first_difference) == (False, "b")
    assert result.source_checksum != result.target_checksum


def test_the_checksum_of_a_value_stays_what_it_is() -> None:
    scales = Scales("queues")
    scales.weigh("mail", Queue(name="mail", turn=3), Queue(name="mail", turn=3))

    result = scales.result

    assert result.is_same
    assert result.source_checksum == result.target_checksum == "1d21f26a44900d21c84a81378dc702a8"
