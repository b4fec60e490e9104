"""How a run begins, and how it ends well."""

import pytest

from errands.core.domain.errors import IllegalTransition
from errands.core.domain.events import EventType
from errands.core.domain.job.failure import CHILDREN_PENDING
from errands.core.domain.job.lease import Claim, Lease
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.outcome import (
    Cancel,
    Complete,
    Fail,
    Outcome,
    PutOff,
    Release,
    Snooze,
)
from errands.core.domain.job.status import JobStatus
from tests.unit.domain.builders import (
    HOUR,
    NOW,
    SECOND,
    Sequences,
    a_failure,
    active,
    added,
    claim,
    fields_of,
    flagged,
    kinds,
    snoozed,
)


def test_a_claim_makes_it_active() -> None:
    job = added()

    job.claim(claim(), Moment(NOW))

    assert job.status is JobStatus.ACTIVE


def test_a_claim_counts_a_start_and_no_attempt() -> None:
    job = added()

    job.claim(claim(), Moment(NOW))

    assert (job.starts, job.attempts_made) == (1, 0)


def test_a_claim_gives_a_lease_from_now() -> None:
    job = added()

    job.claim(claim("t", worker="w"), Moment(NOW))

    assert job.lease == Lease("t", "w", NOW + 30 * SECOND)


def test_a_claim_notes_token_and_time() -> None:
    job = added()

    job.claim(claim("t"), Moment(NOW + SECOND))

    assert (job.token, job.started_at) == ("t", NOW + SECOND)


def test_a_claim_keeps_place_and_turn() -> None:
    job = added(sequence=7)

    job.claim(claim(), Moment(NOW))

    assert (job.sequence, job.turn) == (7, 0)


def test_a_claim_tells_worker_and_attempt() -> None:
    job = snoozed()
    job.promote(Moment(NOW, Sequences()))

    (event,) = job.claim(claim(worker="w"), Moment(NOW))

    assert (event.type, event.data) == (EventType.ACTIVE, {"worker": "w", "attempt": 1})


def test_a_claim_for_another_status_is_refused() -> None:
    job = added()
    before = fields_of(job)
    odd = Claim("mail", 1, "w", "t", SECOND, target=JobStatus.COMPLETED)

    with pytest.raises(IllegalTransition):
        job.claim(odd, Moment(NOW))

    assert fields_of(job) == before


def test_only_the_token_of_the_lease_holds() -> None:
    job = active()

    assert job.holds("token-1")
    assert not job.holds("token-2")


def test_a_settled_run_holds_no_more() -> None:
    job = active()

    job.complete("1", Moment(NOW))

    assert not job.holds("token-1")


def test_a_settled_job_knows_by_whom() -> None:
    job = active()

    job.complete("1", Moment(NOW))

    assert job.was_settled_by("token-1")
    assert not job.was_settled_by("token-2")


def test_an_active_job_was_settled_by_nobody() -> None:
    assert not active().was_settled_by("token-1")


def test_completing_keeps_the_result_and_counts_the_attempt() -> None:
    job = active()

    job.complete('{"n":1}', Moment(NOW))

    assert (job.status, job.result, job.attempts_made) == (JobStatus.COMPLETED, '{"n":1}', 1)


def test_completing_ends_lease_and_bounds() -> None:
    job = active(deadline=NOW + HOUR)

    job.complete("1", Moment(NOW + SECOND))

    assert (job.lease, job.lapses_at, job.run_at) == (None, None, None)
    assert job.finished_at == NOW + SECOND


def test_a_completed_job_is_purged_by_its_own_age() -> None:
    job = active(keep_completed=HOUR)

    job.complete("1", Moment(NOW))

    assert job.purge_at == NOW + HOUR


def test_a_job_kept_for_ever_is_never_purged() -> None:
    job = active(keep_completed=True)

    job.complete("1", Moment(NOW))

    assert job.purge_at is None


def test_completing_tells_the_attempt() -> None:
    job = active()

    (event,) = job.complete("1", Moment(NOW))

    assert (event.type, event.data) == (EventType.COMPLETED, {"attempt": 1})


def test_a_completed_job_has_no_reason_although_it_failed_before() -> None:
    job = active()
    job.fail(a_failure(), Moment(NOW, Sequences()))
    job.promote(Moment(NOW, Sequences()))
    job.claim(claim(), Moment(NOW))

    job.complete("1", Moment(NOW))

    assert job.reason == ""


def test_a_flagged_job_that_completes_stays_completed() -> None:
    job = flagged()

    events = job.complete("1", Moment(NOW))

    assert job.status is JobStatus.COMPLETED
    assert kinds(events) == [EventType.COMPLETED]


def test_a_completed_job_records_the_cancel_request() -> None:
    job = flagged()

    job.complete("1", Moment(NOW))

    assert job.cancel_request is not None
    assert (job.cancel_request.reason, job.reason) == ("not wanted", "")


def test_completing_with_children_pending_fails() -> None:
    job = active()

    events = job.complete("1", Moment(NOW), pending_children=2)

    assert (job.status, job.attempts_made, job.result) == (JobStatus.FAILED, 1, None)
    assert job.reason == f"{CHILDREN_PENDING}: completed with 2 children pending"
    assert kinds(events) == [EventType.FAILED, EventType.EXHAUSTED]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Complete("1"), JobStatus.COMPLETED),
        (a_failure(), JobStatus.DELAYED),
        (a_failure(is_permanent=True), JobStatus.FAILED),
        (Snooze(SECOND), JobStatus.DELAYED),
        (Release(), JobStatus.DELAYED),
        (Release(by_handler=False), JobStatus.WAITING),
        (Cancel("enough"), JobStatus.CANCELLED),
        (PutOff(), JobStatus.DELAYED),
    ],
    ids=repr,
)
def test_each_outcome_settles_the_run(outcome: Outcome, status: JobStatus) -> None:
    job = active()

    events = job.settle(outcome, Moment(NOW, Sequences()))

    assert (job.status, job.lease) == (status, None)
    assert events


@pytest.mark.parametrize(
    "outcome",
    [
        Complete("1"),
        Fail(a_failure().error),
        Snooze(1),
        Release(),
        Release(by_handler=False),
        Cancel(),
        PutOff(),
    ],
    ids=repr,
)
def test_a_run_is_settled_once(outcome: Outcome) -> None:
    job = active()
    job.settle(outcome, Moment(NOW, Sequences()))

    with pytest.raises(IllegalTransition):
        job.settle(outcome, Moment(NOW, Sequences()))
