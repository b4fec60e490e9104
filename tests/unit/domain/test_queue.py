"""The named queue."""

from datetime import timedelta

from errands.core.domain.events import Event, EventType
from errands.core.domain.queue.queue import Queue
from tests.unit.domain.builders import NOW

SECOND = timedelta(seconds=1)


def test_a_new_queue_gives_jobs_out() -> None:
    queue = Queue(name="mail")

    assert (queue.is_paused, queue.turn, queue.drained_at) == (False, 0, None)


def test_a_pause_is_told() -> None:
    queue = Queue(name="mail")

    events = queue.pause(NOW)

    assert queue.is_paused
    assert events == (Event(EventType.PAUSED, NOW, "mail"),)


def test_a_second_pause_changes_nothing() -> None:
    queue = Queue(name="mail", is_paused=True)

    assert queue.pause(NOW) == ()
    assert queue.is_paused


def test_a_resume_is_told() -> None:
    queue = Queue(name="mail", is_paused=True)

    events = queue.resume(NOW)

    assert not queue.is_paused
    assert events == (Event(EventType.RESUMED, NOW, "mail"),)


def test_a_second_resume_changes_nothing() -> None:
    queue = Queue(name="mail")

    assert queue.resume(NOW) == ()
    assert not queue.is_paused


def test_a_drained_queue_is_told() -> None:
    queue = Queue(name="mail")

    events = queue.note_empty(NOW, NOW)

    assert queue.drained_at == NOW
    assert events == (Event(EventType.DRAINED, NOW, "mail"),)


def test_a_queue_is_drained_once_after_its_last_claim() -> None:
    queue = Queue(name="mail", drained_at=NOW)

    assert queue.note_empty(NOW - SECOND, NOW + SECOND) == ()
    assert queue.drained_at == NOW


def test_a_queue_claimed_from_since_is_drained_again() -> None:
    queue = Queue(name="mail", drained_at=NOW)

    assert queue.note_empty(NOW + SECOND, NOW + SECOND) != ()
    assert queue.drained_at == NOW + SECOND


def test_a_paused_queue_is_not_drained() -> None:
    queue = Queue(name="mail", is_paused=True)

    assert queue.note_empty(NOW, NOW) == ()
    assert queue.drained_at is None
