"""What a job knows, and what it answers."""

from typing import Any

import attrs
import pytest

from errands.core.domain.job.identity import JobRef
from errands.core.domain.job.job import Job
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.record import JobRecord
from errands.core.domain.job.status import JobStatus
from tests.unit.domain.builders import NOW, active, added, claim, fields_of, flagged, in_status


def test_a_job_is_referred_to_by_queue_and_id() -> None:
    assert added().ref == JobRef("mail", "job-1")


def test_a_job_has_no_field_that_a_copy_would_miss() -> None:
    assert [field.name for field in attrs.fields(Job)] == [
        field.name for field in attrs.fields(JobRecord)
    ]


@pytest.mark.parametrize("status", JobStatus)
def test_a_copy_knows_the_same(status: JobStatus) -> None:
    job = in_status(status)

    assert fields_of(job.copy()) == fields_of(job)


def test_a_copy_is_decided_on_alone() -> None:
    job = added()

    job.copy().claim(claim(), Moment(NOW))

    assert (job.status, job.starts, job.lease) == (JobStatus.WAITING, 0, None)


def test_two_jobs_are_never_equal() -> None:
    assert added() != added()


def test_a_running_job_names_its_worker() -> None:
    assert (active().worker, added().worker) == ("worker-1", "")


@pytest.mark.parametrize(
    ("starts", "options", "is_out"),
    [
        (5, {}, False),
        (1, {"max_starts": 2}, False),
        (2, {"max_starts": 2}, True),
        (3, {"max_starts": 2}, True),
    ],
)
def test_a_job_knows_whether_it_is_out_of_starts(
    starts: int, options: dict[str, Any], is_out: bool
) -> None:
    job = added(**options)
    job.starts = starts

    assert job.is_out_of_starts is is_out


@pytest.mark.parametrize("status", JobStatus)
def test_only_what_failed_or_was_cancelled_has_a_reason(status: JobStatus) -> None:
    has_reason = in_status(status).reason != ""

    assert has_reason is (status in {JobStatus.FAILED, JobStatus.CANCELLED})


def test_a_flagged_run_has_no_reason_yet() -> None:
    assert flagged().reason == ""
