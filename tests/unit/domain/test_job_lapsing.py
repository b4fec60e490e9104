"""Jobs whose time to start has passed."""

import pytest

from errands.core.domain.events import EventType
from errands.core.domain.job.failure import DEADLINE, EXPIRED
from errands.core.domain.job.job import Job
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.status import JobStatus
from tests.unit.domain.builders import HOUR, NOW, SECOND, added, blocked, kinds, snoozed


@pytest.mark.parametrize(
    "job",
    [added(expires_in=5), added(expires_in=5, delay=60), blocked(deadline=NOW + SECOND)],
    ids=lambda job: job.status,
)
def test_a_job_that_has_not_started_in_time_fails(job: Job) -> None:
    job = job.copy()

    events = job.lapse(Moment(NOW + HOUR))

    assert (job.status, job.finished_at) == (JobStatus.FAILED, NOW + HOUR)
    assert kinds(events) == [EventType.EXHAUSTED]


def test_an_expired_job_says_so() -> None:
    job = added(expires_in=5)

    job.lapse(Moment(NOW + HOUR))

    assert job.reason == f"{EXPIRED}: it did not start within expires_in"


def test_a_job_past_its_deadline_says_so() -> None:
    job = added(deadline=NOW + SECOND)

    job.lapse(Moment(NOW + HOUR))

    assert job.reason == f"{DEADLINE}: its deadline passed"


def test_the_bound_that_came_first_is_the_reason_however_late_the_look() -> None:
    job = added(expires_in=5, deadline=NOW + 10 * SECOND)

    job.lapse(Moment(NOW + HOUR))

    assert job.failures[-1].type == EXPIRED


def test_a_job_that_has_run_before_lapses_by_its_deadline() -> None:
    job = snoozed(expires_in=5, deadline=NOW + 10 * SECOND)

    job.lapse(Moment(NOW + HOUR))

    assert job.failures[-1].type == DEADLINE


def test_a_lapse_counts_nothing() -> None:
    job = added(expires_in=5)

    job.lapse(Moment(NOW + HOUR))

    assert (job.attempts_made, job.starts, job.failures[-1].attempt) == (0, 0, 0)


def test_a_lapsed_job_is_not_due_any_more() -> None:
    job = added(expires_in=5, delay=60)

    job.lapse(Moment(NOW + 5 * SECOND))

    assert (job.run_at, job.lapses_at) == (None, None)
