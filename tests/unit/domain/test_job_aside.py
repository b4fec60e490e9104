"""Runs that end without an attempt: snoozed, released, put off."""

from datetime import timedelta

import pytest

from errands.core.domain.events import EventType
from errands.core.domain.job.failure import TOO_MANY_STARTS
from errands.core.domain.job.job import Job
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.status import JobStatus
from tests.unit.domain.builders import (
    HOUR,
    NOW,
    SECOND,
    Sequences,
    active,
    claim,
    flagged,
    kinds,
    snoozed,
)


def start_again(job: Job) -> None:
    """Bring a job that was put aside into its next run."""
    if job.status is JobStatus.DELAYED:
        job.promote(Moment(NOW, Sequences()))
    job.claim(claim(), Moment(NOW))


def wait_of(job: Job) -> timedelta:
    """How long a job was put aside."""
    assert job.run_at is not None
    return job.run_at - NOW


def test_a_snooze_waits_as_long_as_it_says() -> None:
    job = active()

    job.snooze(HOUR, Moment(NOW))

    assert (job.status, job.run_at, job.lease) == (JobStatus.DELAYED, NOW + HOUR, None)


def test_a_snooze_counts_the_start_but_no_attempt() -> None:
    job = active()

    job.snooze(SECOND, Moment(NOW))

    assert (job.attempts_made, job.starts) == (0, 1)


def test_a_snooze_and_then_success_is_one_attempt_in_two_starts() -> None:
    job = snoozed()
    start_again(job)

    job.complete("1", Moment(NOW))

    assert (job.attempts_made, job.starts) == (1, 2)


def test_a_snooze_tells_when_it_is_due() -> None:
    job = active()

    (event,) = job.snooze(SECOND, Moment(NOW))

    assert (event.type, event.data) == (
        EventType.DELAYED,
        {"run_at": "2026-03-01T12:00:01.000+00:00"},
    )


def test_a_snoozed_job_may_not_lapse_by_its_expiry_any_more() -> None:
    assert snoozed(expires_in=5).lapses_at is None


def test_a_snoozed_job_still_lapses_by_its_deadline() -> None:
    job = snoozed(expires_in=5, deadline=NOW + HOUR)

    assert job.lapses_at == NOW + HOUR


def test_max_starts_ends_endless_snoozing() -> None:
    job = active(max_starts=2)
    job.snooze(SECOND, Moment(NOW))
    start_again(job)

    events = job.snooze(SECOND, Moment(NOW))

    assert (job.status, job.attempts_made) == (JobStatus.FAILED, 0)
    assert job.failures[-1].type == TOO_MANY_STARTS
    assert kinds(events) == [EventType.EXHAUSTED]


def test_a_snooze_below_max_starts_goes_on() -> None:
    job = active(max_starts=2)

    job.snooze(SECOND, Moment(NOW))

    assert job.status is JobStatus.DELAYED


def test_without_max_starts_it_may_snooze_for_ever() -> None:
    job = snoozed()

    for _ in range(50):
        start_again(job)
        job.snooze(SECOND, Moment(NOW))

    assert (job.status, job.starts) == (JobStatus.DELAYED, 51)


def test_a_release_goes_back_to_its_old_place() -> None:
    job = active(sequence=7)

    job.release(Moment(NOW), by_handler=False)

    assert (job.status, job.sequence, job.lease) == (JobStatus.WAITING, 7, None)


def test_a_release_takes_the_start_back() -> None:
    job = active()

    job.release(Moment(NOW), by_handler=False)

    assert (job.starts, job.attempts_made, job.crashes) == (0, 0, 0)


def test_a_release_of_a_stop_is_no_release_of_the_handler() -> None:
    job = active()

    job.release(Moment(NOW), by_handler=False)

    assert (job.releases, job.run_at) == (0, None)


def test_a_release_tells_that_it_waits_again() -> None:
    job = active()

    events = job.release(Moment(NOW), by_handler=False)

    assert kinds(events) == [EventType.RELEASED, EventType.WAITING]


def test_releases_never_count_for_max_starts() -> None:
    job = active(max_starts=2)
    for _ in range(5):
        job.release(Moment(NOW), by_handler=False)
        start_again(job)

    job.snooze(SECOND, Moment(NOW))

    assert job.status is JobStatus.DELAYED


def test_a_released_job_keeps_its_expiry() -> None:
    job = active(expires_in=5)

    job.release(Moment(NOW), by_handler=False)

    assert job.lapses_at == NOW + 5 * SECOND


def test_releases_of_the_handler_wait_twice_as_long_each_time() -> None:
    job = active()
    waits: list[float] = []

    for _ in range(8):
        job.release(Moment(NOW), by_handler=True)
        waits.append(wait_of(job).total_seconds())
        start_again(job)

    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5]


def test_a_release_of_the_handler_is_told_as_a_delay() -> None:
    job = active()

    events = job.release(Moment(NOW), by_handler=True)

    assert kinds(events) == [EventType.RELEASED, EventType.DELAYED]


def test_a_release_of_the_handler_takes_the_start_back_too() -> None:
    job = active()

    job.release(Moment(NOW), by_handler=True)

    assert (job.starts, job.releases) == (0, 1)


def test_a_job_its_handler_released_takes_its_old_place_when_due() -> None:
    job = active(sequence=7)
    job.release(Moment(NOW), by_handler=True)

    job.promote(Moment(NOW, Sequences()))

    assert job.sequence == 7


def test_a_snooze_ends_the_doubling_of_releases() -> None:
    job = active()
    job.release(Moment(NOW), by_handler=True)
    start_again(job)
    job.snooze(SECOND, Moment(NOW))
    start_again(job)

    job.release(Moment(NOW), by_handler=True)

    assert wait_of(job) == 0.1 * SECOND


def test_an_unknown_name_is_put_off_twice_as_long_each_time() -> None:
    job = active()
    waits: list[float] = []

    for _ in range(8):
        job.put_off(Moment(NOW))
        waits.append(wait_of(job).total_seconds())
        start_again(job)

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_put_off_takes_the_start_back() -> None:
    job = active()

    job.put_off(Moment(NOW))

    assert (job.starts, job.attempts_made, job.put_offs) == (0, 0, 1)


def test_a_put_off_tells_the_unknown_name() -> None:
    job = active()

    events = job.put_off(Moment(NOW))

    assert kinds(events) == [EventType.UNHANDLED, EventType.DELAYED]
    assert events[0].data == {"name": "send"}


def test_a_job_put_off_keeps_its_expiry() -> None:
    job = active(expires_in=5)

    job.put_off(Moment(NOW))

    assert job.lapses_at == NOW + 5 * SECOND


def test_a_job_put_off_joins_the_tail_when_due() -> None:
    job = active(sequence=7)
    job.put_off(Moment(NOW))

    job.promote(Moment(NOW, Sequences(last=41)))

    assert job.sequence == 42


def test_a_job_put_off_after_a_release_joins_the_tail_all_the_same() -> None:
    job = active(sequence=7)
    job.release(Moment(NOW), by_handler=True)
    start_again(job)
    job.put_off(Moment(NOW))

    job.promote(Moment(NOW, Sequences(last=41)))

    assert job.sequence == 42


def test_a_handler_that_ran_ends_the_doubling_of_put_offs() -> None:
    job = active()
    job.put_off(Moment(NOW))
    start_again(job)
    job.release(Moment(NOW), by_handler=True)
    start_again(job)

    job.put_off(Moment(NOW))

    assert wait_of(job) == SECOND


def test_countless_put_offs_do_not_overflow() -> None:
    job = active()
    job.put_offs = 10_000

    job.put_off(Moment(NOW))

    assert wait_of(job) == 60 * SECOND


@pytest.mark.parametrize("verb", ["snooze", "release", "release by handler", "put off"])
def test_a_flagged_run_put_aside_is_cancelled(verb: str) -> None:
    job = flagged(max_starts=1)

    match verb:
        case "snooze":
            events = job.snooze(SECOND, Moment(NOW))
        case "put off":
            events = job.put_off(Moment(NOW))
        case _:
            events = job.release(Moment(NOW), by_handler=verb == "release by handler")

    assert (job.status, job.reason) == (JobStatus.CANCELLED, "not wanted")
    assert kinds(events) == [EventType.CANCELLED]
