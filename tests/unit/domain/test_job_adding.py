"""How a job begins."""

from datetime import UTC, datetime, timedelta

from errands.core.domain.events import EventType
from errands.core.domain.job.status import JobStatus
from tests.unit.domain.builders import HOUR, NOW, SECOND, added, birth, kinds


def test_a_new_job_waits() -> None:
    job = added()

    assert job.status is JobStatus.WAITING


def test_a_new_job_has_counted_nothing() -> None:
    job = added()

    counters = (job.attempts_made, job.starts, job.crashes, job.put_offs, job.releases)
    assert counters == (0, 0, 0, 0, 0)


def test_a_new_job_has_no_times_but_its_birth() -> None:
    job = added()

    assert job.created_at == NOW
    assert (job.run_at, job.lapses_at, job.started_at, job.finished_at) == (None,) * 4


def test_its_first_sequence_is_its_key() -> None:
    job = added(sequence=7)

    assert (job.key, job.sequence) == (7, 7)


def test_a_lifo_job_goes_before_all_that_were_added_earlier() -> None:
    first, second = added(sequence=7, lifo=True), added(sequence=8, lifo=True)

    assert second.sequence < first.sequence < added(sequence=1).sequence


def test_a_lifo_job_has_a_positive_key() -> None:
    assert added(sequence=7, lifo=True).key == 7


def test_a_delay_counts_from_now() -> None:
    job = added(delay=5)

    assert (job.status, job.run_at) == (JobStatus.DELAYED, NOW + 5 * SECOND)


def test_a_delay_of_zero_is_none() -> None:
    job = added(delay=0)

    assert (job.status, job.run_at) == (JobStatus.WAITING, None)


def test_a_run_at_ahead_delays() -> None:
    job = added(run_at=NOW + HOUR)

    assert (job.status, job.run_at) == (JobStatus.DELAYED, NOW + HOUR)


def test_a_run_at_that_has_passed_does_not_delay() -> None:
    job = added(run_at=NOW - HOUR)

    assert (job.status, job.run_at) == (JobStatus.WAITING, None)


def test_a_run_at_of_now_does_not_delay() -> None:
    assert added(run_at=NOW).status is JobStatus.WAITING


def test_expires_in_counts_from_the_add() -> None:
    assert added(expires_in=5).lapses_at == NOW + 5 * SECOND


def test_a_deadline_is_when_it_lapses() -> None:
    assert added(deadline=NOW + HOUR).lapses_at == NOW + HOUR


def test_the_earlier_of_deadline_and_expiry_counts() -> None:
    assert added(deadline=NOW + HOUR, expires_in=5).lapses_at == NOW + 5 * SECOND
    assert added(deadline=NOW + SECOND, expires_in=5).lapses_at == NOW + SECOND


def test_a_deadline_at_the_epoch_is_a_deadline() -> None:
    epoch = datetime.fromtimestamp(0, UTC)

    assert added(deadline=epoch).lapses_at == epoch


def test_a_job_keeps_its_options() -> None:
    job = added(priority="high", timeout=2, tags=["a"], metadata={"k": 1})

    assert job.priority == 10
    assert job.policy.timeout == timedelta(seconds=2)
    assert (job.labels.tags, job.labels.metadata) == (("a",), {"k": 1})


def test_adding_tells_the_name() -> None:
    _, events = birth()

    assert [(event.type, event.data) for event in events] == [(EventType.ADDED, {"name": "send"})]


def test_adding_a_delayed_job_tells_when_it_is_due() -> None:
    _, events = birth(delay=1)

    assert kinds(events) == [EventType.ADDED, EventType.DELAYED]
    assert events[1].data == {"run_at": "2026-03-01T12:00:01.000+00:00"}
