"""A job that cannot be read in full: held, never run, never ended by what is not known."""

from datetime import timedelta

import pytest

from errands.core.domain.errors import IllegalTransition, JobUnreadable
from errands.core.domain.events import EventType
from errands.core.domain.job.job import Job
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.outcome import Complete, Outcome, PutOff, Snooze
from errands.core.domain.job.status import JobStatus
from errands.core.domain.job.unreadable import UnreadableJob, ensure_readable
from tests.unit.domain.builders import (
    HOUR,
    NOW,
    SECOND,
    Sequences,
    a_failure,
    active,
    added,
    flagged,
    kinds,
)

REASON = "its policy cannot be read: '?' (no JSON)"


def unreadable(job: Job, column: str = "policy") -> UnreadableJob:
    reason = REASON.replace("policy", column)
    return UnreadableJob.of(job, {column: "?"}, {column: reason})


def test_it_is_put_off_at_no_cost_and_says_why() -> None:
    job = unreadable(active(max_starts=1))

    events = job.put_off(Moment(NOW))

    assert kinds(events) == [EventType.UNREADABLE, EventType.DELAYED]
    assert events[0].data == {"columns": ["policy"], "reason": REASON}
    assert (job.status, job.run_at) == (JobStatus.DELAYED, NOW + SECOND)
    assert (job.starts, job.attempts_made, job.lease) == (0, 0, None)


@pytest.mark.parametrize(("put_offs", "seconds"), [(0, 1), (3, 8), (30, 60)])
def test_each_wait_is_twice_as_long_up_to_a_minute(put_offs: int, seconds: int) -> None:
    job = unreadable(active())
    job.put_offs = put_offs

    job.put_off(Moment(NOW))

    assert job.run_at == NOW + timedelta(seconds=seconds)


def test_one_that_was_asked_to_end_ends() -> None:
    job = unreadable(flagged())

    assert kinds(job.put_off(Moment(NOW))) == [EventType.UNREADABLE, EventType.CANCELLED]


def test_the_end_of_a_run_counts_and_it_is_kept() -> None:
    job = unreadable(active(keep_completed=False))

    job.settle(Complete("42"), Moment(NOW, Sequences()))

    assert (job.status, job.result, job.purge_at) == (JobStatus.COMPLETED, "42", None)


@pytest.mark.parametrize("outcome", [a_failure(), Snooze(SECOND), PutOff()])
def test_a_run_that_did_not_end_it_is_as_if_it_had_not_been(outcome: Outcome) -> None:
    job = unreadable(active(max_attempts=1))

    job.settle(outcome, Moment(NOW, Sequences()))

    assert (job.status, job.attempts_made, job.starts) == (JobStatus.DELAYED, 0, 0)


def test_without_a_policy_no_number_of_crashes_ends_it_and_its_bound_stays() -> None:
    job = unreadable(active(deadline=NOW + HOUR, max_crashes=0))

    job.expire(Moment(NOW))

    assert (job.status, job.crashes, job.lapses_at) == (JobStatus.WAITING, 1, NOW + HOUR)


def test_with_its_policy_the_policy_decides() -> None:
    job = unreadable(active(max_crashes=0), "labels")

    job.expire(Moment(NOW))

    assert (job.status, job.lapses_at) == (JobStatus.FAILED, None)


def test_one_in_an_unknown_status_is_removed_by_force_only() -> None:
    job = unreadable(active(), "status")

    with pytest.raises(IllegalTransition, match="job 'job-1' is in an unknown status"):
        job.remove(Moment(NOW))
    assert kinds(job.remove(Moment(NOW), force=True)) == [EventType.REMOVED]


def test_any_other_is_removed_like_a_job_that_can_be_read() -> None:
    assert kinds(unreadable(added()).remove(Moment(NOW))) == [EventType.REMOVED]


def test_what_needs_the_column_is_refused_by_name() -> None:
    job = unreadable(added())

    ensure_readable(added())
    ensure_readable(job, "labels")
    with pytest.raises(JobUnreadable, match="job 'job-1' in queue 'mail': its policy") as refused:
        ensure_readable(job, "policy", "labels")

    assert (refused.value.columns, refused.value.reason) == (("policy",), REASON)
    with pytest.raises(JobUnreadable):
        ensure_readable(job)
