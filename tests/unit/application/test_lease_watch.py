from datetime import timedelta

import pytest

from errands.core.application.scheduling.lease_watch import LeaseWatch
from errands.core.domain.job.lease import Term
from errands.testing import FakeClock

LENGTH = 40.0
NONE = timedelta(0)


class Looker:
    """A scheduler that looks and writes, in a time in which both clocks go on together."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.seconds = 1_000.0
        self.watch = LeaseWatch(lambda: self.seconds)
        self.terms: list[Term] = []

    def lease(self, seconds_left: float, length: float = LENGTH) -> Term:
        expires_at = self.clock.now + timedelta(seconds=seconds_left)
        self.terms = [Term(expires_at, timedelta(seconds=length))]
        return self.terms[0]

    def go_on(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.seconds += seconds

    def look(self, took: float = 0) -> None:
        self.watch.looked(self.clock.now, self.seconds, took, self.terms)

    def write(self, took: float = 0) -> None:
        self.watch.wrote(took, self.terms)

    @property
    def longest(self) -> float:
        return self.watch.longest.total_seconds()


@pytest.fixture
def looker() -> Looker:
    """One that has looked on for long, and wrote when the lease came to be overdue."""
    looker = Looker()
    looker.look()
    looker.go_on(500)
    looker.lease(seconds_left=LENGTH / 4)
    looker.look()
    looker.write()
    return looker


def test_a_lease_that_runs_out_under_the_eyes_of_a_scheduler_may_be_taken_at_its_end(
    looker: Looker,
) -> None:
    looker.go_on(LENGTH / 4)
    looker.look()

    assert looker.longest >= LENGTH


def test_who_has_just_come_takes_nothing_for_the_length_of_the_lease() -> None:
    looker = Looker()
    looker.lease(seconds_left=-1)
    looker.look()
    looker.write()

    looker.go_on(LENGTH - 0.1)
    assert looker.longest < LENGTH
    looker.go_on(0.1)
    assert looker.longest >= LENGTH


def test_a_short_lease_is_not_held_up_by_a_long_one(looker: Looker) -> None:
    looker.watch.lost()
    looker.look()
    looker.write()
    looker.go_on(1)

    assert 1 <= looker.longest < LENGTH


def test_without_having_written_since_the_lease_is_overdue_nothing_is_taken() -> None:
    looker = Looker()
    looker.look()
    looker.go_on(500)
    term = looker.lease(seconds_left=0)
    looker.look()

    assert looker.watch.longest == NONE
    assert looker.watch.has_to_write(looker.clock.now, [term])
    looker.write()
    assert not looker.watch.has_to_write(looker.clock.now, [term])
    looker.go_on(LENGTH / 5)
    assert looker.longest >= LENGTH


def test_what_was_written_before_another_lease_was_overdue_does_not_count(looker: Looker) -> None:
    looker.lease(seconds_left=LENGTH)
    looker.look()
    term = looker.lease(seconds_left=0)
    looker.look()

    assert looker.watch.has_to_write(looker.clock.now, [term])


def test_a_store_that_fails_suspends_expiry_for_the_length_of_the_lease(looker: Looker) -> None:
    looker.watch.lost()
    assert looker.watch.longest == NONE

    looker.look()
    looker.write()
    looker.go_on(LENGTH - 0.1)
    assert looker.longest < LENGTH


@pytest.mark.parametrize("late", ["look", "write"])
def test_a_store_that_answers_late_suspends_expiry(looker: Looker, late: str) -> None:
    looker.go_on(LENGTH / 4)

    getattr(looker, late)(took=LENGTH / 4 + 1)

    assert looker.longest == 0


@pytest.mark.parametrize("late", ["look", "write"])
def test_a_delay_that_costs_no_lease_suspends_nothing(looker: Looker, late: str) -> None:
    looker.go_on(LENGTH / 4)

    getattr(looker, late)(took=LENGTH / 4)

    assert looker.longest >= LENGTH


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(hours=-1), timedelta(seconds=11)])
def test_a_clock_that_was_moved_suspends_expiry(looker: Looker, by: timedelta) -> None:
    looker.clock.jump(by)
    looker.look()

    assert looker.watch.longest == NONE
    looker.write()
    looker.go_on(LENGTH)
    assert looker.longest >= LENGTH


def test_a_lease_from_before_the_clock_was_set_back_is_waited_for_as_long_as_any_other() -> None:
    looker = Looker()
    term = looker.lease(seconds_left=3_600)
    looker.look()

    assert term.is_beyond(looker.clock.now)
    assert looker.watch.has_to_write(looker.clock.now, [term])
    looker.write()
    assert looker.watch.wait(looker.clock.now, term) == LENGTH
    looker.go_on(LENGTH)
    assert looker.longest >= LENGTH


@pytest.mark.parametrize("left", [LENGTH, LENGTH / 2, LENGTH / 4 + 1])
def test_a_lease_that_is_renewed_in_time_is_looked_at_when_it_would_be_overdue(
    left: float,
) -> None:
    looker = Looker()
    term = looker.lease(seconds_left=left)
    looker.look()

    assert looker.watch.wait(looker.clock.now, term) == left - LENGTH / 4
    assert not term.is_beyond(looker.clock.now)


def test_who_did_not_look_for_half_of_the_lease_has_to_write_before_it_takes_one(
    looker: Looker,
) -> None:
    looker.go_on(LENGTH * 2)
    looker.look()

    assert looker.longest == 0
    assert looker.watch.has_to_write(looker.clock.now, looker.terms)
    looker.write()
    looker.go_on(LENGTH / 5)
    looker.look()
    assert looker.longest >= LENGTH
