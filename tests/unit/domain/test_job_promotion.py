"""Delayed jobs that become ready."""

from errands.core.domain.events import EventType
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.status import JobStatus
from tests.unit.domain.builders import HOUR, NOW, SECOND, Sequences, added, kinds, snoozed


def test_a_due_job_joins_the_tail() -> None:
    job = added(delay=60, sequence=7)

    job.promote(Moment(NOW + 60 * SECOND, Sequences(last=41)))

    assert (job.status, job.sequence) == (JobStatus.WAITING, 42)


def test_a_job_may_be_promoted_before_it_is_due() -> None:
    job = added(delay=60)

    job.promote(Moment(NOW, Sequences()))

    assert job.status is JobStatus.WAITING


def test_a_ready_job_has_no_due_time() -> None:
    job = added(delay=60)

    job.promote(Moment(NOW, Sequences()))

    assert job.run_at is None


def test_a_promotion_keeps_the_bounds() -> None:
    job = added(delay=60, expires_in=3600)

    job.promote(Moment(NOW, Sequences()))

    assert job.lapses_at == NOW + HOUR


def test_a_promotion_counts_nothing() -> None:
    job = snoozed()

    job.promote(Moment(NOW, Sequences()))

    assert (job.attempts_made, job.starts) == (0, 1)


def test_a_promotion_is_told() -> None:
    job = added(delay=60)

    events = job.promote(Moment(NOW, Sequences()))

    assert kinds(events) == [EventType.WAITING]


def test_jobs_promoted_in_order_stay_in_order() -> None:
    first, second = added(delay=60, sequence=1), added(delay=60, sequence=2)
    draw = Sequences()

    first.promote(Moment(NOW, draw))
    second.promote(Moment(NOW, draw))

    assert first.sequence < second.sequence
