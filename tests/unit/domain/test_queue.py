"""The named queue."""

from errands.core.domain.events import Event, EventType
from errands.core.domain.queue.queue import Queue
from tests.unit.domain.builders import NOW


def test_a_new_queue_gives_jobs_out() -> None:
    queue = Queue(name="mail")

    assert (queue.is_paused, queue.turn, queue.drained_sequence) == (False, 0, 0)


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

    events = queue.drain(7, NOW)

    assert queue.drained_sequence == 7
    assert events == (Event(EventType.DRAINED, NOW, "mail"),)


def test_a_queue_is_drained_once_for_each_last_sequence() -> None:
    queue = Queue(name="mail", drained_sequence=7)

    assert queue.drain(7, NOW) == ()


def test_a_queue_with_newer_jobs_is_drained_again() -> None:
    queue = Queue(name="mail", drained_sequence=7)

    assert queue.drain(8, NOW) != ()


def test_a_queue_that_never_had_a_job_is_not_drained() -> None:
    assert Queue(name="mail").drain(0, NOW) == ()


def test_a_paused_queue_is_not_drained() -> None:
    queue = Queue(name="mail", is_paused=True)

    assert queue.drain(7, NOW) == ()
    assert queue.drained_sequence == 0
