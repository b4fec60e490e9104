"""Jobs that somebody does not want any more."""

import pytest

from errands.core.domain.errors import IllegalTransition
from errands.core.domain.events import EventType
from errands.core.domain.job import defaults
from errands.core.domain.job.fields import CancelRequest
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
    blocked,
    cancelled,
    claim,
    completed,
    failed,
    fields_of,
    flagged,
    kinds,
)


@pytest.mark.parametrize("job", [added(), added(delay=60), blocked()], ids=lambda job: job.status)
def test_a_job_that_does_not_run_is_cancelled_at_once(job: Job) -> None:
    job = job.copy()

    events = job.cancel("not wanted", Moment(NOW))

    assert (job.status, job.reason) == (JobStatus.CANCELLED, "not wanted")
    assert [(event.type, event.data) for event in events] == [
        (EventType.CANCELLED, {"reason": "not wanted"})
    ]


def test_a_cancelled_job_has_ended() -> None:
    job = added(delay=60, deadline=NOW + HOUR, keep_failed=HOUR)

    job.cancel("", Moment(NOW + SECOND))

    assert (job.run_at, job.lapses_at) == (None, None)
    assert (job.finished_at, job.purge_at) == (NOW + SECOND, NOW + SECOND + HOUR)


def test_a_running_job_is_flagged() -> None:
    job = active()

    events = job.cancel("not wanted", Moment(NOW))

    assert (job.status, job.cancel_request) == (JobStatus.ACTIVE, CancelRequest(NOW, "not wanted"))
    assert [(event.type, event.data) for event in events] == [
        (EventType.CANCEL_REQUESTED, {"reason": "not wanted"})
    ]


def test_a_flagged_run_keeps_its_lease() -> None:
    assert flagged().holds("token-1")


def test_a_second_flag_changes_nothing() -> None:
    job = flagged()
    before = fields_of(job)

    events = job.cancel("again", Moment(NOW + SECOND))

    assert events == ()
    assert fields_of(job) == before


def test_a_flagged_run_ends_cancelled_with_the_first_reason() -> None:
    job = flagged()

    events = job.end_cancelled("other words", Moment(NOW))

    assert (job.status, job.reason) == (JobStatus.CANCELLED, "not wanted")
    assert kinds(events) == [EventType.CANCELLED]


def test_a_handler_may_end_its_job_as_cancelled() -> None:
    job = active()

    job.end_cancelled("nothing to do", Moment(NOW))

    assert (job.status, job.reason) == (JobStatus.CANCELLED, "nothing to do")


def test_ending_cancelled_counts_no_attempt() -> None:
    job = active()

    job.end_cancelled("", Moment(NOW))

    assert (job.attempts_made, job.starts, job.lease) == (0, 1, None)


def test_a_late_finish_does_not_resurrect() -> None:
    job = flagged()
    job.end_cancelled("", Moment(NOW))

    with pytest.raises(IllegalTransition):
        job.complete("1", Moment(NOW))

    assert job.status is JobStatus.CANCELLED


def test_a_backoff_does_not_resurrect() -> None:
    job = active()
    job.fail(a_failure(), Moment(NOW, Sequences()))
    job.cancel("", Moment(NOW))

    with pytest.raises(IllegalTransition):
        job.promote(Moment(NOW + HOUR, Sequences()))

    assert job.status is JobStatus.CANCELLED


@pytest.mark.parametrize("job", [completed(), failed(), cancelled()], ids=lambda job: job.status)
def test_what_has_ended_cannot_be_cancelled(job: Job) -> None:
    with pytest.raises(IllegalTransition):
        job.copy().cancel("", Moment(NOW))


def test_an_explicit_retry_forgets_the_request() -> None:
    job = cancelled()
    job.retry(Moment(NOW, Sequences()), reset=False)
    job.claim(claim(), Moment(NOW))

    job.fail(a_failure(), Moment(NOW, Sequences()))

    assert (job.status, job.cancel_request) == (JobStatus.DELAYED, None)


def test_a_reason_no_database_keeps_is_made_storable() -> None:
    job = active()

    (event,) = job.cancel("a\0b\ud800", Moment(NOW))

    assert job.cancel_request == CancelRequest(NOW, "a\\x00b\\ud800")
    assert event.data == {"reason": "a\\x00b\\ud800"}


def test_an_endless_reason_is_cut() -> None:
    job = added()

    job.cancel("x" * 100_000, Moment(NOW))

    assert len(job.reason) == defaults.MAX_ERROR_TEXT
    assert job.reason.endswith("[cut]")
