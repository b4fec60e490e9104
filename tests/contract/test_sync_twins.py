"""Every verb without an event loop: the synchronous twins over the same use cases."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, cast

import pytest

from errands import (
    AmbiguousJobId,
    Errands,
    IllegalTransition,
    InvalidOption,
    JobCancelled,
    JobFailed,
    JobNotFound,
    JobRemoved,
    JobStatus,
    ResultTimeout,
    StoreNotOpen,
    SyncQueue,
)
from errands.core.application.use_cases.settle import (
    CycleResult,
    Settlement,
    WorkerCycle,
    run_cycle,
    settle,
)
from errands.core.domain.job.failure import ErrorInfo
from errands.core.domain.job.lease import Claim
from errands.core.domain.job.outcome import Complete, Fail, Outcome
from errands.testing import FakeClock, application
from tests.contract.steps import LEASE


@pytest.fixture
def app(url: str, clock: FakeClock) -> Iterator[Errands]:
    app = application(url, clock=clock)
    with app.sync:
        yield app


@pytest.fixture
def queue(app: Errands) -> SyncQueue:
    return app.sync.queue()


def run_all(app: Errands, outcome: Outcome) -> list[str]:
    """Claim every waiting job and end it so; their ids."""
    store, token = app.container.store(), app.container.ids().token()
    turn = WorkerCycle(claims=(Claim("default", 9, "worker", token, LEASE),), free=9)
    result: CycleResult = store.transact_sync(partial(run_cycle, cycle=turn))
    settlements = [Settlement(job, token, outcome) for job in result.claimed]
    store.transact_sync(partial(settle, settlements=settlements))
    return [job.id for job in result.claimed]


BAD_INPUT: list[tuple[str, Callable[[SyncQueue], Any]]] = [
    ("delay", lambda queue: queue.add("a", delay=-1)),
    ("colour", lambda queue: queue.add("a", colour=1)),
    ("data", lambda queue: queue.add("a", float("nan"))),
    ("name", lambda queue: queue.add(" ")),
    ("status", lambda queue: queue.jobs(status="done")),
    ("keep", lambda queue: queue.add("a").clear_logs(keep=-1)),
    ("reason", lambda queue: queue.add("a").cancel(reason=cast("str", 1))),
    ("timeout", lambda queue: queue.add("a").result(timeout=-1)),
    ("types", lambda queue: list(queue.events(types=["exploded"], follow=False))),
]
FAIL = Fail(ErrorInfo.of("ValueError", "boom"), is_permanent=True)


def test_a_job_is_added_found_and_listed(app: Errands, queue: SyncQueue) -> None:
    job = queue.add("send", {"to": "ünï"}, job_id="x", tags=["red"])
    again = queue.add("send", job_id="x")
    app.sync.queue("other").add("send", job_id="x")

    assert (job.is_new, again.is_new) == (True, False)
    assert queue.get("x").data == {"to": "ünï"}
    assert queue.find("y") is None
    assert [one.id for one in queue.jobs(tag="red", limit=1).jobs] == ["x"]
    assert queue.counts()[JobStatus.WAITING].value == 1
    assert len(app.sync.jobs().jobs) == 2
    assert [one.name for one in app.sync.queues()] == ["default", "other"]
    with pytest.raises(AmbiguousJobId):
        app.sync.get("x")
    with pytest.raises(JobNotFound):
        queue.get("y")


def test_many_are_added_or_none(queue: SyncQueue) -> None:
    with pytest.raises(InvalidOption) as caught:
        queue.add_many([("a", 1), ("b", 2, {"delay": -1})])
    assert (caught.value.field, caught.value.index) == ("delay", 1)
    assert queue.counts()[JobStatus.WAITING].value == 0

    assert [job.data for job in queue.add_many([("a", 1), ("b", 2)])] == [1, 2]
    assert queue.add_many([]) == []


def test_a_result_is_waited_for_across_threads(app: Errands, queue: SyncQueue) -> None:
    job = queue.add("a")
    timer = threading.Timer(0.05, run_all, (app, Complete("42")))
    timer.start()

    assert job.result(timeout=5) == 42
    timer.join()
    assert job.status is JobStatus.COMPLETED


def test_waiting_never_hangs(app: Errands, queue: SyncQueue) -> None:
    failed, removed = queue.add("a"), queue.add("b", delay=9)
    run_all(app, FAIL)
    removed.remove()
    cancelled = queue.add("c").cancel("why not")
    waiting = queue.add("d")

    with pytest.raises(JobFailed, match="boom"):
        failed.result()
    with pytest.raises(JobRemoved):
        removed.result()
    with pytest.raises(JobCancelled, match="why not"):
        cancelled.result(timeout=0)
    with pytest.raises(ResultTimeout):
        waiting.result(timeout=timedelta(milliseconds=5))


def test_a_job_is_changed_by_hand(queue: SyncQueue, clock: FakeClock) -> None:
    job = queue.add("a", 1, delay=60)

    assert job.change_delay(30).run_at == clock.now + timedelta(seconds=30)
    assert job.change_priority(5, lifo=True).priority == 5
    assert job.update_data({"new": 1}).data == {"new": 1}
    assert job.promote().status is JobStatus.WAITING
    with pytest.raises(IllegalTransition):
        job.promote()
    assert job.cancel().status is JobStatus.CANCELLED
    assert job.retry(reset_attempts=True).status is JobStatus.WAITING
    assert job.refresh().data == {"new": 1}
    assert (job.logs(), job.clear_logs()) == ([], 0)
    job.remove()
    with pytest.raises(JobNotFound):
        job.refresh()


def test_a_queue_is_managed(app: Errands, queue: SyncQueue, clock: FakeClock) -> None:
    queue.pause()
    assert queue.is_paused()
    queue.add("a")
    assert run_all(app, FAIL) == []
    queue.resume()
    failed = run_all(app, FAIL)

    assert queue.retry_many() == 1
    assert run_all(app, FAIL) == failed
    assert queue.clean(1, status="failed") == 0
    clock.advance(1)
    assert queue.clean(1, status="failed") == 1
    queue.add_many([("a", 1, {"delay": 5}), ("a", 2, {"delay": 5})])
    assert queue.promote_many(limit=1) == 1
    assert queue.drain(delayed=False) == 1
    assert queue.drain() == 1
    queue.add("a")
    assert queue.obliterate() == 1
    assert app.sync.queues() == []


def test_events_are_read_up_to_the_newest(queue: SyncQueue) -> None:
    queue.add_many([("a", n) for n in range(1_100)])
    job = queue.add("b", delay=1)

    events = list(queue.events(after=0, follow=False))

    assert len(events) == 1_102
    assert [event.job_id for event in queue.events(after=0, types=["delayed"], follow=False)] == [
        job.id
    ]
    assert list(queue.events(after=events[-1].id, follow=False)) == []


def test_events_begin_with_the_first_step_of_the_loop(queue: SyncQueue) -> None:
    before = queue.add("a")
    is_told = threading.Event()

    def produce() -> None:
        while not is_told.wait(0.01):
            queue.add("a")

    producer = threading.Thread(target=produce)
    producer.start()
    event = next(iter(queue.events()))
    is_told.set()
    producer.join()

    assert event.job_id != before.id


def test_events_are_followed(queue: SyncQueue) -> None:
    first = queue.add("a")
    added: list[str] = []
    producer = threading.Timer(0.05, lambda: added.append(queue.add("a").id))
    producer.start()

    events = queue.events(after=0)
    told = [next(events).job_id, next(events).job_id]
    producer.join()

    assert told == [first.id, *added]


def test_a_loop_over_events_ends_with_the_application(app: Errands, queue: SyncQueue) -> None:
    queue.add("a")
    events = queue.events(after=0)
    next(events)

    app.sync.shutdown()

    with pytest.raises(StoreNotOpen):
        next(events)


def test_both_sides_are_on_one_database(app: Errands) -> None:
    assert app.sync.url == app.url


@pytest.mark.parametrize(("field", "ask"), BAD_INPUT)
def test_bad_input_is_refused_by_name(
    queue: SyncQueue, field: str, ask: Callable[[SyncQueue], Any]
) -> None:
    with pytest.raises(InvalidOption) as caught:
        ask(queue)

    assert caught.value.field == field


def test_nothing_works_before_initialize_and_after_shutdown(url: str) -> None:
    app = Errands(url)

    for _ in range(2):
        with pytest.raises(StoreNotOpen):
            app.sync.queue().add("send")
        with pytest.raises(StoreNotOpen):
            app.sync.queues()
        with app.sync:
            app.sync.queue().add("send")


def test_it_is_safe_from_many_threads(queue: SyncQueue) -> None:
    def produce(producer: int) -> None:
        for number in range(25):
            queue.add("a", [producer, number])

    threads = [threading.Thread(target=produce, args=(producer,)) for producer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    data = [job.data for job in queue.jobs(limit=1_000, newest_first=False).jobs]
    for producer in range(4):
        assert [number for who, number in data if who == producer] == list(range(25))
