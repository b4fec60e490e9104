"""Jobs that have ended and are asked to run again."""

import pytest

from errands.core.domain.events import EventType
from errands.core.domain.job.job import Job
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.status import JobStatus
from tests.unit.domain.builders import (
    HOUR,
    NOW,
    SECOND,
    Sequences,
    a_failure,
    active,
    added,
    cancelled,
    claim,
    completed,
    failed,
    kinds,
)


@pytest.mark.parametrize("job", [completed(), failed(), cancelled()], ids=lambda job: job.status)
def test_whatever_has_ended_may_wait_again(job: Job) -> None:
    job = job.copy()

    events = job.retry(Moment(NOW, Sequences()), reset=False)

    assert job.status is JobStatus.WAITING
    assert kinds(events) == [EventType.RETRIED, EventType.WAITING]


def test_a_retried_job_joins_the_tail() -> None:
    job = failed(sequence=7)

    job.retry(Moment(NOW, Sequences(last=41)), reset=False)

    assert job.sequence == 42


@pytest.mark.parametrize("job", [completed(), failed(), cancelled()], ids=lambda job: job.status)
def test_a_retried_job_has_not_ended(job: Job) -> None:
    job = job.copy()

    job.retry(Moment(NOW, Sequences()), reset=False)

    assert (job.finished_at, job.purge_at, job.result, job.cancel_request) == (None,) * 4
    assert job.reason == ""


def test_a_retried_job_has_no_holder() -> None:
    job = completed()

    job.retry(Moment(NOW, Sequences()), reset=False)

    assert not job.was_settled_by("token-1")


def test_a_retry_keeps_the_failures() -> None:
    job = failed()

    job.retry(Moment(NOW, Sequences()), reset=True)

    assert [entry.message for entry in job.failures] == ["boom"]


def test_a_retry_keeps_the_counters() -> None:
    job = failed()

    job.retry(Moment(NOW, Sequences()), reset=False)

    assert (job.attempts_made, job.starts) == (1, 1)


def test_a_retry_may_forget_attempts_and_starts() -> None:
    job = failed()

    job.retry(Moment(NOW, Sequences()), reset=True)

    assert (job.attempts_made, job.starts) == (0, 0)


def test_a_job_out_of_attempts_runs_once_more() -> None:
    job = failed(max_attempts=1)
    job.retry(Moment(NOW, Sequences()), reset=False)
    job.claim(claim(), Moment(NOW))

    job.fail(a_failure(), Moment(NOW, Sequences()))

    assert (job.status, job.attempts_made) == (JobStatus.FAILED, 2)


def test_a_job_with_attempts_reset_has_them_all_again() -> None:
    job = failed(max_attempts=2)
    job.retry(Moment(NOW, Sequences()), reset=True)
    job.claim(claim(), Moment(NOW))

    job.fail(a_failure(), Moment(NOW, Sequences()))

    assert (job.status, job.attempts_made) == (JobStatus.DELAYED, 1)


def test_expires_in_does_not_apply_again() -> None:
    job = added(expires_in=5)
    job.lapse(Moment(NOW + HOUR))

    job.retry(Moment(NOW + HOUR, Sequences()), reset=False)

    assert job.lapses_at is None


def test_a_deadline_still_applies() -> None:
    job = failed(deadline=NOW + HOUR)

    job.retry(Moment(NOW, Sequences()), reset=False)

    assert job.lapses_at == NOW + HOUR


def test_a_retry_forgets_releases_and_put_offs() -> None:
    job = active()
    job.release(Moment(NOW), by_handler=True)
    job.cancel("", Moment(NOW))
    job.retry(Moment(NOW, Sequences()), reset=False)
    job.claim(claim(), Moment(NOW))

    job.release(Moment(NOW), by_handler=True)

    assert job.run_at == NOW + 0.1 * SECOND


def test_a_retry_keeps_what_the_job_saved() -> None:
    job = failed()
    job.state = '{"step":2}'

    job.retry(Moment(NOW, Sequences()), reset=True)

    assert job.state == '{"step":2}'
