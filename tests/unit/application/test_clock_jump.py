from datetime import timedelta

import pytest

from errands.core.application.clock_jump import ClockJump
from errands.testing import FakeClock


def test_clocks_that_go_together_let_leases_expire() -> None:
    clock, jump = FakeClock(), ClockJump()

    assert all(jump.allows_expiry(clock.advance(5), 5.0 * turn) for turn in range(1, 20))


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(hours=-1), timedelta(seconds=11)])
def test_a_wall_clock_that_was_moved_suspends_expiry_for_one_lease(by: timedelta) -> None:
    clock, jump = FakeClock(), ClockJump()
    assert jump.allows_expiry(clock.now, 0)

    assert not jump.allows_expiry(clock.jump(by), 0)
    assert not jump.allows_expiry(clock.advance(29.999), 29.999)
    assert jump.allows_expiry(clock.advance(0.001), 30)


def test_a_small_correction_is_no_jump() -> None:
    clock, jump = FakeClock(), ClockJump()
    jump.allows_expiry(clock.now, 0)

    assert jump.allows_expiry(clock.advance(9), 0)


def test_a_second_jump_begins_the_suspension_anew() -> None:
    clock, jump = FakeClock(), ClockJump()
    jump.allows_expiry(clock.now, 0)
    jump.allows_expiry(clock.advance(3600), 0)

    assert not jump.allows_expiry(clock.advance(3600), 20)
    assert not jump.allows_expiry(clock.advance(20), 40)
    assert jump.allows_expiry(clock.advance(10), 50)
