"""When a trouble that lasts is told of."""

import pytest

from errands import StoreBusy, StoreUnavailable
from errands.core.application.outage import Outage, Telling

AWAY = StoreUnavailable("there")


class Watch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def outage(watch: Watch) -> Outage:
    return Outage(watch)


def test_it_is_told_when_it_begins_and_then_ever_more_rarely(watch: Watch, outage: Outage) -> None:
    told = list[float]()
    for second in range(1_200):
        watch.now = 100.0 + second
        if outage.meets("worker", AWAY) is not None:
            told.append(second)

    assert told == [0, 15, 45, 105, 225, 465, 765, 1065]


def test_all_who_meet_it_tell_it_once(watch: Watch, outage: Outage) -> None:
    assert outage.meets("worker", AWAY) == Telling(0.0, is_new=True)
    assert outage.meets("scheduler", AWAY) is None
    watch.now += 4

    assert outage.meets("worker", AWAY) is None
    assert outage.answers("worker") is None
    assert outage.answers("scheduler") == 4.0
    assert not outage.is_on


def test_another_kind_of_error_is_told_at_once(watch: Watch, outage: Outage) -> None:
    outage.meets("worker", AWAY)
    watch.now += 2

    assert outage.meets("leases", StoreBusy("there")) == Telling(2.0, is_new=True)


def test_what_comes_back_soon_is_the_same_and_what_comes_later_is_not(
    watch: Watch, outage: Outage
) -> None:
    outage.meets("worker", AWAY)
    outage.answers("worker")
    watch.now += 2
    assert outage.meets("worker", AWAY) is None
    assert outage.answers("worker") is None
    watch.now += 10

    assert outage.meets("worker", AWAY) == Telling(0.0, is_new=True)


def test_who_asks_no_more_does_not_keep_it_from_being_over(watch: Watch, outage: Outage) -> None:
    outage.meets("another worker", AWAY)
    watch.now += 1
    outage.meets("worker", AWAY)
    assert outage.answers("worker") is None
    watch.now += 179

    assert outage.answers("worker") == 1.0


def test_those_who_rest_are_woken_when_one_is_answered(outage: Outage) -> None:
    woken = list[str]()
    unsubscribe = outage.subscribe(lambda: woken.append("scheduler"))
    outage.meets("worker", AWAY)
    outage.answers("worker")
    unsubscribe()
    outage.meets("worker", AWAY)
    outage.answers("worker")

    assert woken == ["scheduler"]
