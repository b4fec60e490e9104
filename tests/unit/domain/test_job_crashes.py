"""Runs whose worker was lost."""

import pytest

from errands.core.domain.events import EventType
from errands.core.domain.job.failure import TOO_MANY_CRASHES
from errands.core.domain.job.job import Job
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.status import JobStatus
from tests.unit.domain.builders import (
    HOUR,
    NOW,
    Sequences,
    active,
    claim,
    flagged,
    kinds,
)


def crash(job: Job, times: int) -> None:
    """Lose the worker of a job's run, and of those after it."""
    for _ in range(times):
        if job.status is JobStatus.WAITING:
            job.claim(claim(), Moment(NOW))
        job.expire(Moment(NOW))


def test_a_lost_run_waits_again_at_its_place() -> None:
    job = active(sequence=7)

    job.expire(Moment(NOW))

    assert (job.status, job.sequence, job.lease) == (JobStatus.WAITING, 7, None)


def test_a_crash_counts_neither_as_attempt_nor_back() -> None:
    job = active()

    job.expire(Moment(NOW))

    assert (job.crashes, job.attempts_made, job.starts) == (1, 0, 1)


def test_the_token_of_a_lost_run_counts_no_more() -> None:
    job = active()

    job.expire(Moment(NOW))

    assert not job.holds("token-1")
    assert not job.was_settled_by("token-1")


def test_a_stall_tells_worker_and_count() -> None:
    job = active()

    events = job.expire(Moment(NOW))

    assert kinds(events) == [EventType.STALLED, EventType.WAITING]
    assert events[0].data == {"worker": "worker-1", "crashes": 1}


@pytest.mark.parametrize(
    ("max_crashes", "crashes", "status"),
    [
        (0, 1, JobStatus.FAILED),
        (1, 1, JobStatus.WAITING),
        (1, 2, JobStatus.FAILED),
        (3, 3, JobStatus.WAITING),
        (3, 4, JobStatus.FAILED),
    ],
)
def test_more_than_max_crashes_is_failed(max_crashes: int, crashes: int, status: JobStatus) -> None:
    job = active(max_crashes=max_crashes)

    crash(job, crashes)

    assert (job.status, job.crashes) == (status, crashes)


def test_a_job_failed_by_crashes_says_so() -> None:
    job = active(max_crashes=0)

    events = job.expire(Moment(NOW))

    assert job.reason == f"{TOO_MANY_CRASHES}: its worker was lost 1 times"
    assert kinds(events) == [EventType.STALLED, EventType.EXHAUSTED]


def test_crashes_never_use_attempts_up() -> None:
    job = active(max_attempts=1)
    crash(job, 3)
    job.claim(claim(), Moment(NOW))

    job.complete("1", Moment(NOW))

    assert (job.status, job.attempts_made, job.starts) == (JobStatus.COMPLETED, 1, 4)


def test_a_lost_run_was_a_start() -> None:
    job = active(expires_in=5, deadline=NOW + HOUR)

    job.expire(Moment(NOW))

    assert job.lapses_at == NOW + HOUR


def test_a_lost_run_keeps_what_it_saved() -> None:
    job = active()
    job.state, job.progress = '{"step":2}', "50"

    job.expire(Moment(NOW))

    assert (job.state, job.progress) == ('{"step":2}', "50")


def test_a_flagged_run_that_is_lost_is_cancelled() -> None:
    job = flagged(max_crashes=0)

    events = job.expire(Moment(NOW))

    assert (job.status, job.crashes) == (JobStatus.CANCELLED, 1)
    assert kinds(events) == [EventType.STALLED, EventType.CANCELLED]


def test_an_explicit_retry_keeps_the_crash_counter() -> None:
    job = active(max_crashes=1)
    crash(job, 2)

    job.retry(Moment(NOW, Sequences()), reset=True)

    assert job.crashes == 2
