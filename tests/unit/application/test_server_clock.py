"""A server's time on a host: measured by questions that take their time."""

import pytest

from errands.infrastructure.persistence.sql.server.clock import SAMPLE_EVERY, ServerClock

AHEAD = 1_000.0
"""How far the server's clock is before the host's."""


class Line:
    """A host's clock, and a server that is so far away."""

    def __init__(self) -> None:
        self.elapsed = 50.0
        self.ahead = AHEAD
        self.there, self.back = 0.0, 0.0

    def clock(self) -> float:
        return self.elapsed

    def ask(self) -> float:
        self.elapsed += self.there
        answer = self.elapsed + self.ahead
        self.elapsed += self.back
        return answer


@pytest.fixture
def line() -> Line:
    return Line()


def error_of(clock: ServerClock, line: Line) -> float:
    return round(clock().timestamp() - (line.elapsed + line.ahead), 3)


def test_the_first_answer_belongs_to_the_middle_of_the_call(line: Line) -> None:
    clock = ServerClock(line.clock)
    line.there, line.back = 0.3, 0.1

    clock.sample(line.ask)

    assert error_of(clock, line) == pytest.approx(0.1, abs=0.001)


@pytest.mark.parametrize(("there", "back"), [(12.0, 0.0), (0.0, 12.0)])
def test_an_answer_that_was_long_on_its_way_moves_no_clock(
    line: Line, there: float, back: float
) -> None:
    clock = ServerClock(line.clock)
    clock.sample(line.ask)
    line.there, line.back = there, back

    clock.sample(line.ask)

    assert error_of(clock, line) == 0


@pytest.mark.parametrize("seconds", [-3_600.0, 0.5, 3_600.0])
def test_a_clock_that_was_set_is_followed_as_far_as_an_answer_proves(
    line: Line, seconds: float
) -> None:
    clock = ServerClock(line.clock)
    clock.sample(line.ask)
    line.ahead += seconds
    line.there, line.back = 0.01, 0.01

    clock.sample(line.ask)

    assert abs(error_of(clock, line)) <= 0.011


def test_it_is_measured_again_after_a_while(line: Line) -> None:
    clock = ServerClock(line.clock)
    stale = [clock.is_stale]

    clock.sample(line.ask)
    stale.append(clock.is_stale)
    line.elapsed += SAMPLE_EVERY + 1
    stale.append(clock.is_stale)

    assert stale == [True, False, True]
