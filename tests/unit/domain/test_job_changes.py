"""Jobs that are changed or removed by hand."""

import pytest

from errands.core.domain.errors import IllegalTransition, InvalidOption
from errands.core.domain.events import EventType
from errands.core.domain.job.job import Job
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.status import JobStatus
from tests.unit.domain.builders import (
    HOUR,
    NOW,
    SECOND,
    Sequences,
    active,
    added,
    blocked,
    fields_of,
    in_status,
)


def test_a_changed_delay_counts_from_now() -> None:
    job = added(delay=60)

    job.change_delay(5 * SECOND, Moment(NOW + HOUR))

    assert (job.status, job.run_at) == (JobStatus.DELAYED, NOW + HOUR + 5 * SECOND)


def test_a_changed_delay_is_told() -> None:
    job = added(delay=60)

    (event,) = job.change_delay(SECOND, Moment(NOW))

    assert (event.type, event.data) == (
        EventType.DELAYED,
        {"run_at": "2026-03-01T12:00:01.000+00:00"},
    )


@pytest.mark.parametrize("job", [added(), added(delay=60), blocked()], ids=lambda job: job.status)
def test_a_changed_priority_keeps_the_status(job: Job) -> None:
    changed = job.copy()

    changed.change_priority(20, Moment(NOW, Sequences()), lifo=False)

    assert (changed.priority, changed.status) == (20, job.status)


def test_a_changed_priority_joins_its_tail() -> None:
    job = added(sequence=7)

    job.change_priority(20, Moment(NOW, Sequences(last=41)), lifo=False)

    assert job.sequence == 42


def test_a_changed_priority_may_join_the_head() -> None:
    job = added(sequence=7)

    job.change_priority(20, Moment(NOW, Sequences(last=41)), lifo=True)

    assert job.sequence == -42


def test_a_priority_of_zero_is_zero() -> None:
    job = added(priority=10)

    job.change_priority(0, Moment(NOW, Sequences()), lifo=False)

    assert job.priority == 0


def test_a_changed_priority_is_told() -> None:
    job = added()

    (event,) = job.change_priority(20, Moment(NOW, Sequences()), lifo=False)

    assert (event.type, event.data) == (EventType.UPDATED, {"priority": 20})


@pytest.mark.parametrize("priority", [2**31, -(2**31) - 1, True])
def test_a_priority_out_of_bounds_changes_nothing(priority: int) -> None:
    job = added()
    before = fields_of(job)

    with pytest.raises(InvalidOption, match="priority"):
        job.change_priority(priority, Moment(NOW, Sequences()), lifo=False)

    assert fields_of(job) == before


def test_updated_data_replaces_the_input() -> None:
    job = added()

    (event,) = job.update_data("[1]", Moment(NOW))

    assert (job.data, job.status) == ("[1]", JobStatus.WAITING)
    assert (event.type, event.data) == (EventType.UPDATED, {"data": True})


@pytest.mark.parametrize("status", [status for status in JobStatus if status != JobStatus.ACTIVE])
def test_a_job_that_does_not_run_may_be_removed(status: JobStatus) -> None:
    job = in_status(status)

    (event,) = job.remove(Moment(NOW))

    assert (event.type, event.data) == (EventType.REMOVED, {"status": status.value})


def test_a_running_job_is_not_removed() -> None:
    with pytest.raises(IllegalTransition):
        active().remove(Moment(NOW))


def test_a_running_job_is_removed_by_force() -> None:
    (event,) = active().remove(Moment(NOW), force=True)

    assert (event.type, event.data) == (EventType.REMOVED, {"status": "active"})
