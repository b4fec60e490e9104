"""Jobs that wait for their children."""

import pytest

from errands.core.domain.events import EventType
from errands.core.domain.job.failure import CHILD_FAILED, TOO_MANY_STARTS
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.status import JobStatus
from tests.unit.domain.builders import (
    HOUR,
    NOW,
    SECOND,
    Sequences,
    active,
    blocked,
    claim,
    fields_of,
    flagged,
    kinds,
)


def test_a_run_that_awaits_children_gives_its_slot_up() -> None:
    job = active()

    job.await_children(2, Moment(NOW))

    assert (job.status, job.lease) == (JobStatus.WAITING_CHILDREN, None)


def test_awaiting_children_counts_no_attempt() -> None:
    assert (blocked().attempts_made, blocked().starts) == (0, 1)


def test_awaiting_children_tells_how_many_are_pending() -> None:
    job = active()

    (event,) = job.await_children(2, Moment(NOW))

    assert (event.type, event.data) == (EventType.AWAITING_CHILDREN, {"pending": 2})


def test_with_no_child_pending_it_goes_on_at_once() -> None:
    job = active(sequence=7)

    events = job.await_children(0, Moment(NOW))

    assert (job.status, job.sequence, job.lease) == (JobStatus.WAITING, 7, None)
    assert kinds(events) == [EventType.WAITING]


def test_a_blocked_job_still_lapses_by_its_deadline() -> None:
    assert blocked(deadline=NOW + HOUR).lapses_at == NOW + HOUR


def test_a_blocked_job_may_not_lapse_by_its_expiry_any_more() -> None:
    assert blocked(expires_in=5).lapses_at is None


@pytest.mark.parametrize("pending", [0, 1])
def test_max_starts_bounds_awaiting_children(pending: int) -> None:
    job = active(max_starts=1)

    events = job.await_children(pending, Moment(NOW))

    assert (job.status, job.failures[-1].type) == (JobStatus.FAILED, TOO_MANY_STARTS)
    assert kinds(events) == [EventType.EXHAUSTED]


@pytest.mark.parametrize("pending", [0, 1])
def test_a_flagged_run_that_awaits_children_is_cancelled(pending: int) -> None:
    job = flagged()

    events = job.await_children(pending, Moment(NOW))

    assert job.status is JobStatus.CANCELLED
    assert kinds(events) == [EventType.CANCELLED]


def test_a_job_whose_children_are_settled_joins_the_tail() -> None:
    job = blocked(sequence=7)

    events = job.child_settled(Moment(NOW, Sequences(last=41)))

    assert (job.status, job.sequence) == (JobStatus.WAITING, 42)
    assert kinds(events) == [EventType.WAITING]


def test_a_job_whose_own_time_is_still_ahead_waits_for_it() -> None:
    job = blocked()
    job.run_at = NOW + HOUR

    events = job.child_settled(Moment(NOW, Sequences()))

    assert (job.status, job.run_at) == (JobStatus.DELAYED, NOW + HOUR)
    assert kinds(events) == [EventType.DELAYED]


def test_a_job_whose_own_time_has_passed_is_ready() -> None:
    job = blocked()
    job.run_at = NOW - SECOND

    job.child_settled(Moment(NOW, Sequences()))

    assert job.status is JobStatus.WAITING
    assert fields_of(job)["run_at"] is None


def test_a_child_may_fail_its_parent() -> None:
    job = blocked()

    events = job.child_settled(Moment(NOW, Sequences()), failed_child="mail/child-1")

    assert (job.status, job.finished_at) == (JobStatus.FAILED, NOW)
    assert kinds(events) == [EventType.EXHAUSTED]


def test_a_job_failed_by_a_child_names_it() -> None:
    job = blocked()

    job.child_settled(Moment(NOW, Sequences()), failed_child="mail/child-1")

    assert job.reason == f"{CHILD_FAILED}: child 'mail/child-1' did not complete"


def test_a_resumed_job_runs_its_first_attempt_still() -> None:
    job = blocked()
    job.child_settled(Moment(NOW, Sequences()))

    job.claim(claim(), Moment(NOW))
    job.complete("1", Moment(NOW))

    assert (job.attempts_made, job.starts) == (1, 2)
