"""How a run fails: another attempt, or the end."""

import pytest

from errands.core.domain.events import EventType
from errands.core.domain.job import defaults
from errands.core.domain.job.failure import DEADLINE
from errands.core.domain.job.job import Job
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.retry import Backoff
from errands.core.domain.job.status import JobStatus
from tests.unit.domain.builders import (
    HOUR,
    NOW,
    SECOND,
    Sequences,
    a_failure,
    active,
    claim,
    flagged,
    kinds,
)


def fail_again(job: Job, message: str = "boom") -> None:
    """Bring a job that failed to its next failure."""
    if job.status is JobStatus.DELAYED:
        job.promote(Moment(NOW, Sequences()))
    job.claim(claim(), Moment(NOW))
    job.fail(a_failure(message), Moment(NOW, Sequences()))


def test_a_failure_counts_an_attempt() -> None:
    job = active()

    job.fail(a_failure(), Moment(NOW, Sequences()))

    assert (job.attempts_made, job.starts, job.crashes) == (1, 1, 0)


def test_a_failed_try_waits_for_its_backoff() -> None:
    job = active()

    job.fail(a_failure(), Moment(NOW, Sequences()))

    assert (job.status, job.run_at, job.lease) == (JobStatus.DELAYED, NOW + SECOND, None)


def test_the_second_wait_is_longer() -> None:
    job = active()
    job.fail(a_failure(), Moment(NOW, Sequences()))

    fail_again(job)

    assert job.run_at == NOW + 2 * SECOND


def test_jitter_shortens_the_wait() -> None:
    job = active(jitter=0.5, backoff=10)

    job.fail(a_failure(chance=0.5), Moment(NOW, Sequences()))

    assert job.run_at == NOW + 7.5 * SECOND


def test_a_wait_with_jitter_is_whole_milliseconds() -> None:
    job = active(jitter=1, backoff=1)

    job.fail(a_failure(chance=0.123456789), Moment(NOW, Sequences()))

    assert job.run_at is not None
    assert job.run_at.microsecond % 1000 == 0


def test_a_failure_may_say_itself_how_long_to_wait() -> None:
    job = active()

    job.fail(a_failure(retry_in=HOUR), Moment(NOW, Sequences()))

    assert job.run_at == NOW + HOUR


def test_a_failure_that_says_zero_means_zero() -> None:
    job = active()

    job.fail(a_failure(retry_in=0 * SECOND), Moment(NOW, Sequences()))

    assert (job.status, job.run_at) == (JobStatus.WAITING, None)


def test_without_backoff_it_joins_the_tail_at_once() -> None:
    job = active(backoff=0)

    events = job.fail(a_failure(), Moment(NOW, Sequences(last=41)))

    assert (job.status, job.sequence) == (JobStatus.WAITING, 42)
    assert kinds(events) == [EventType.FAILED, EventType.WAITING]


def test_a_delayed_retry_keeps_its_sequence_until_promotion() -> None:
    job = active(sequence=7)

    job.fail(a_failure(), Moment(NOW, Sequences()))

    assert job.sequence == 7


def test_a_job_out_of_attempts_fails() -> None:
    job = active(max_attempts=2, backoff=0)
    job.fail(a_failure(), Moment(NOW, Sequences()))

    fail_again(job)

    assert (job.status, job.attempts_made) == (JobStatus.FAILED, 2)


@pytest.mark.parametrize("attempts", [1, 2, 3, 7])
def test_a_job_runs_as_often_as_max_attempts_says(attempts: int) -> None:
    job = active(max_attempts=attempts, backoff=0)
    job.fail(a_failure(), Moment(NOW, Sequences()))

    while job.status is JobStatus.WAITING:
        fail_again(job)

    assert (job.attempts_made, job.starts) == (attempts, attempts)


def test_a_permanent_failure_skips_further_attempts() -> None:
    job = active()

    events = job.fail(a_failure(is_permanent=True), Moment(NOW, Sequences()))

    assert (job.status, job.attempts_made) == (JobStatus.FAILED, 1)
    assert kinds(events) == [EventType.FAILED, EventType.EXHAUSTED]


def test_a_permanent_failure_ignores_its_own_wait() -> None:
    job = active()

    job.fail(a_failure(is_permanent=True, retry_in=SECOND), Moment(NOW, Sequences()))

    assert (job.status, job.run_at) == (JobStatus.FAILED, None)


def test_a_failed_job_is_purged_by_its_own_age() -> None:
    job = active(keep_failed=HOUR, keep_completed=SECOND)

    job.fail(a_failure(is_permanent=True), Moment(NOW, Sequences()))

    assert (job.finished_at, job.purge_at) == (NOW, NOW + HOUR)


def test_a_failed_job_says_why() -> None:
    job = active(max_attempts=1)

    job.fail(a_failure("no route"), Moment(NOW, Sequences()))

    assert job.reason == "ValueError: no route"


def test_a_job_to_be_tried_again_has_no_reason_yet() -> None:
    job = active()

    job.fail(a_failure(), Moment(NOW, Sequences()))

    assert job.reason == ""


def test_each_failure_is_kept_with_its_attempt_and_time() -> None:
    job = active()
    job.fail(a_failure("first"), Moment(NOW, Sequences()))

    fail_again(job, "second")

    assert [(entry.message, entry.attempt, entry.at) for entry in job.failures] == [
        ("first", 1, NOW),
        ("second", 2, NOW),
    ]


def test_the_newest_failures_are_kept() -> None:
    job = active(max_attempts=100, backoff=0)
    job.fail(a_failure("1"), Moment(NOW, Sequences()))

    for number in range(2, 16):
        fail_again(job, str(number))

    assert [entry.message for entry in job.failures] == [str(n) for n in range(6, 16)]
    assert len(job.failures) == defaults.MAX_FAILURES


def test_a_failed_try_tells_attempt_and_reason() -> None:
    job = active()

    event, _ = job.fail(a_failure(), Moment(NOW, Sequences()))

    assert (event.type, event.data) == (
        EventType.FAILED,
        {"attempt": 1, "reason": "ValueError: boom"},
    )


def test_a_retry_that_would_start_at_the_deadline_fails() -> None:
    job = active(deadline=NOW + SECOND, backoff=1)

    job.fail(a_failure(), Moment(NOW, Sequences()))

    assert (job.status, job.failures[-1].type) == (JobStatus.FAILED, DEADLINE)


def test_a_retry_before_the_deadline_goes_on() -> None:
    job = active(deadline=NOW + 1.001 * SECOND, backoff=1)

    job.fail(a_failure(), Moment(NOW, Sequences()))

    assert (job.status, job.lapses_at) == (JobStatus.DELAYED, NOW + 1.001 * SECOND)


def test_a_job_failed_by_its_deadline_keeps_the_error_too() -> None:
    job = active(deadline=NOW + SECOND, backoff=1)

    events = job.fail(a_failure(), Moment(NOW, Sequences()))

    assert [entry.type for entry in job.failures] == ["ValueError", DEADLINE]
    assert kinds(events) == [EventType.FAILED, EventType.EXHAUSTED]


def test_a_run_that_fails_after_the_deadline_is_not_tried_again() -> None:
    job = active(deadline=NOW + SECOND, backoff=0)

    job.fail(a_failure(), Moment(NOW + HOUR, Sequences()))

    assert job.status is JobStatus.FAILED


def test_expires_in_ends_with_the_first_start() -> None:
    job = active(expires_in=5, backoff=Backoff.fixed(HOUR))

    job.fail(a_failure(), Moment(NOW, Sequences()))

    assert (job.status, job.lapses_at) == (JobStatus.DELAYED, None)


def test_a_flagged_run_that_fails_is_cancelled() -> None:
    job = flagged()

    events = job.fail(a_failure(), Moment(NOW, Sequences()))

    assert (job.status, job.attempts_made) == (JobStatus.CANCELLED, 1)
    assert kinds(events) == [EventType.FAILED, EventType.CANCELLED]


def test_a_failure_forgets_releases_and_put_offs() -> None:
    job = active()
    job.release(Moment(NOW), by_handler=True)
    job.promote(Moment(NOW, Sequences()))
    job.claim(claim(), Moment(NOW))

    job.fail(a_failure(), Moment(NOW, Sequences()))

    assert (job.releases, job.put_offs) == (0, 0)


def test_a_retry_after_a_release_joins_the_tail() -> None:
    job = active(sequence=7)
    job.release(Moment(NOW), by_handler=True)
    fail_again(job)

    job.promote(Moment(NOW, Sequences(last=41)))

    assert job.sequence == 42
