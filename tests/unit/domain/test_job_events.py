"""Whole lives, as their events tell them."""

from typing import Any

from errands.core.domain.events import ENDS, Event, EventType
from errands.core.domain.job.job import Job
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.status import JobStatus
from tests.unit.domain.builders import (
    HOUR,
    NOW,
    SECOND,
    Sequences,
    a_failure,
    birth,
    claim,
    kinds,
)


class Story:
    """A job and all that was told of it."""

    def __init__(self, **options: Any) -> None:
        self.job, events = birth(**options)
        self.events: list[Event] = list(events)

    def then(self, events: tuple[Event, ...]) -> Job:
        self.events += events
        return self.job

    def run(self) -> Job:
        """Bring the job into its next run."""
        if self.job.status is JobStatus.DELAYED:
            self.then(self.job.promote(Moment(NOW, Sequences())))
        return self.then(self.job.claim(claim(), Moment(NOW)))

    def told(self) -> str:
        return " ".join(kind.value for kind in kinds(self.events))


def test_a_success() -> None:
    story = Story()

    story.then(story.run().complete("1", Moment(NOW)))

    assert story.told() == "added active completed"


def test_a_delayed_success() -> None:
    story = Story(delay=1)

    story.then(story.run().complete("1", Moment(NOW)))

    assert story.told() == "added delayed waiting active completed"


def test_one_retry() -> None:
    story = Story()

    story.then(story.run().fail(a_failure(), Moment(NOW, Sequences())))
    story.then(story.run().complete("1", Moment(NOW)))

    assert story.told() == "added active failed delayed waiting active completed"


def test_one_retry_without_backoff() -> None:
    story = Story(backoff=0)

    story.then(story.run().fail(a_failure(), Moment(NOW, Sequences())))
    story.then(story.run().complete("1", Moment(NOW)))

    assert story.told() == "added active failed waiting active completed"


def test_a_final_failure() -> None:
    story = Story(max_attempts=2, backoff=0)

    story.then(story.run().fail(a_failure(), Moment(NOW, Sequences())))
    story.then(story.run().fail(a_failure(), Moment(NOW, Sequences())))

    assert story.told() == "added active failed waiting active failed exhausted"


def test_a_permanent_failure() -> None:
    story = Story()

    story.then(story.run().fail(a_failure(is_permanent=True), Moment(NOW, Sequences())))

    assert story.told() == "added active failed exhausted"


def test_a_retry_by_hand() -> None:
    story = Story(max_attempts=1)

    story.then(story.run().fail(a_failure(), Moment(NOW, Sequences())))
    story.then(story.job.retry(Moment(NOW, Sequences()), reset=False))

    assert story.told() == "added active failed exhausted retried waiting"


def test_a_stall() -> None:
    story = Story()

    story.then(story.run().expire(Moment(NOW)))
    story.then(story.run().complete("1", Moment(NOW)))

    assert story.told() == "added active stalled waiting active completed"


def test_too_many_stalls() -> None:
    story = Story(max_crashes=1)

    story.then(story.run().expire(Moment(NOW)))
    story.then(story.run().expire(Moment(NOW)))

    assert story.told() == "added active stalled waiting active stalled exhausted"


def test_a_removal() -> None:
    story = Story()

    story.then(story.job.remove(Moment(NOW)))

    assert story.told() == "added removed"


def test_a_snooze() -> None:
    story = Story()

    story.then(story.run().snooze(SECOND, Moment(NOW)))
    story.then(story.run().complete("1", Moment(NOW)))

    assert story.told() == "added active delayed waiting active completed"


def test_a_release_at_a_stop() -> None:
    story = Story()

    story.then(story.run().release(Moment(NOW), by_handler=False))
    story.then(story.run().complete("1", Moment(NOW)))

    assert story.told() == "added active released waiting active completed"


def test_a_release_by_the_handler() -> None:
    story = Story()

    story.then(story.run().release(Moment(NOW), by_handler=True))
    story.then(story.run().complete("1", Moment(NOW)))

    assert story.told() == "added active released delayed waiting active completed"


def test_an_unknown_name() -> None:
    story = Story()

    story.then(story.run().put_off(Moment(NOW)))
    story.then(story.run().complete("1", Moment(NOW)))

    assert story.told() == "added active unhandled delayed waiting active completed"


def test_a_cancel_of_a_waiting_job() -> None:
    story = Story()

    story.then(story.job.cancel("", Moment(NOW)))

    assert story.told() == "added cancelled"


def test_a_cancel_of_a_running_job() -> None:
    story = Story()

    story.then(story.run().cancel("", Moment(NOW)))
    story.then(story.job.end_cancelled("", Moment(NOW)))

    assert story.told() == "added active cancel_requested cancelled"


def test_a_cancel_that_comes_too_late() -> None:
    story = Story()

    story.then(story.run().cancel("", Moment(NOW)))
    story.then(story.job.complete("1", Moment(NOW)))

    assert story.told() == "added active cancel_requested completed"


def test_a_lapse() -> None:
    story = Story(expires_in=1)

    story.then(story.job.lapse(Moment(NOW + HOUR)))

    assert story.told() == "added exhausted"


def test_children_awaited() -> None:
    story = Story()

    story.then(story.run().await_children(1, Moment(NOW)))
    story.then(story.job.child_settled(Moment(NOW, Sequences())))
    story.then(story.run().complete("1", Moment(NOW)))

    assert story.told() == "added active awaiting_children waiting active completed"


def test_events_carry_the_time_of_the_change() -> None:
    story = Story()

    story.then(story.job.claim(claim(), Moment(NOW + SECOND)))

    assert [event.at for event in story.events] == [NOW, NOW + SECOND]


def test_a_new_event_has_no_place_in_the_log_yet() -> None:
    assert Story().events[0].id == 0


def test_each_end_has_its_event() -> None:
    assert {kind.value for kind in ENDS} == {"completed", "exhausted", "cancelled", "removed"}


def test_an_event_type_is_spelt_as_its_value() -> None:
    assert f"{EventType.CANCEL_REQUESTED}" == "cancel_requested"
