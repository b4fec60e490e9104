"""What a copy of a whole store relies on in every store, as tests to inherit."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import attrs

from ...core.application.checksum import canonical
from ...core.application.database_copy import DatabaseCopy, Outcome
from ...core.application.use_cases import administer
from ...core.application.use_cases.add import NewJob, add_jobs
from ...core.application.use_cases.settle import Settlement, WorkerCycle, run_cycle, settle
from ...core.domain.job.failure import ErrorInfo
from ...core.domain.job.identity import JobRef
from ...core.domain.job.job import Job
from ...core.domain.job.lease import Claim
from ...core.domain.job.options import JobOptions
from ...core.domain.job.outcome import Complete, Fail
from ...core.domain.store_errors import StoreError
from ...core.ports.archive import CopyStage, CopyState, Counters
from ...core.ports.lease_repository import Held
from ...core.ports.run_journal import NewLine
from ...core.ports.store import Store
from ...core.ports.unit_of_work import UnitOfWork
from ..persistence.memory.store import MemoryStore
from .clock import FakeClock
from .opened_store import OpenedStore, RecordingWakeup

T = TypeVar("T")
MAIN, SIDE = "contract", "contract: ä/ 🐘"
LEASE = timedelta(seconds=30)


class ArchiveContract(OpenedStore):
    """The promises of the archive; a part of `StoreContract`."""

    def test_pages_give_every_job_with_its_lines_and_every_event(self) -> None:
        with self.opened() as store:
            _live(store, self.clock)
            whole = store.read_sync(lambda uow: uow.archive.jobs(0, 99))
            told = store.read_sync(lambda uow: uow.archive.events(0, 999))

            jobs = _paged(store, lambda uow, after: uow.archive.jobs(after, 2), lambda a: a.job.key)
            events = _paged(store, lambda uow, after: uow.archive.events(after, 3), lambda e: e.id)

            assert canonical(jobs) == canonical(whole)
            assert canonical(events) == canonical(told)
            assert [len(one.lines) for one in whole if one.lines] == [2]
            assert [one.job.key for one in whole] == sorted(one.job.key for one in whole)

    def test_what_was_read_can_be_written_as_it_was(self) -> None:
        with self.opened() as store:
            _live(store, self.clock)
            before = _all(store)

            store.transact_sync(partial(_write_again, before=before))

            assert canonical(_all(store)) == canonical(before)

    def test_writing_wakes_nobody_and_tells_no_event(self) -> None:
        with self.opened() as store:
            _live(store, self.clock)
            before, counted = _all(store), store.read_sync(_counters)
            self.wakeup.told.clear()

            store.transact_sync(partial(_write_again, before=before))

            assert self.wakeup.told == []
            assert store.read_sync(_counters) == counted

    def test_heavy_jobs_can_be_written_as_they_were(self) -> None:
        with self.opened() as store:
            for number in range(12):
                _add(store, f"heavy-{number}", data=f'"{"ü" * 400_000}"')
            before = _all(store)

            store.transact_sync(partial(_write_again, before=before))

            assert canonical(_all(store)) == canonical(before)

    def test_numbers_go_on_above_those_of_a_copy(self) -> None:
        with self.opened() as store:
            last = store.read_sync(_counters).sequence
            store.transact_sync(partial(_count_on, sequence=last + 700))
            _add(store, "a")

            store.transact_sync(partial(_count_on, sequence=5))
            _add(store, "b")

            assert [one.job.key for one in _all(store)[0]] == [last + 701, last + 702]
            assert store.read_sync(_counters).sequence == last + 702

    def test_event_ids_go_on_above_those_of_a_copy(self) -> None:
        with self.opened() as store:
            _add(store, "a")
            event = store.read_sync(lambda uow: uow.archive.events(0, 1))[0]
            store.transact_sync(partial(_write_events, ids=[event.id + 50, event.id + 90]))

            _add(store, "b")

            assert [one.id for one in _all(store)[1]][:3] == [
                event.id,
                event.id + 50,
                event.id + 90,
            ]

    def test_a_number_that_is_taken_is_refused(self) -> None:
        with self.opened() as store:
            _add(store, "a")
            before = _all(store)

            assert _refuses(store, lambda uow: uow.archive.insert_jobs(before[0]))
            assert _refuses(store, lambda uow: uow.archive.insert_events(before[1]))
            assert canonical(_all(store)) == canonical(before)

    def test_the_state_of_a_copy_is_written_over_its_forerunner_only(self) -> None:
        first, second = CopyState("x", Counters(1, 2)), CopyState("x", Counters(1, 2), key=9)
        with self.opened() as store:
            for before, after, is_written in (
                (None, first, True),
                (None, second, False),
                (first, second, True),
                (first, second, False),
            ):
                save = _saving(before, after)
                assert store.transact_sync(save) is is_written

            assert store.read_sync(lambda uow: uow.archive.copy_state()) == second

    def test_a_store_has_an_id_that_stays(self) -> None:
        with self.opened() as store, _in_memory() as other:
            identity = store.read_sync(_id)

            _add(store, "a")

            assert store.read_sync(_id) == identity != other.read_sync(_id)

    def test_a_copy_there_and_back_is_the_same(self) -> None:
        with self.opened() as store, _in_memory() as other:
            _live(store, self.clock)
            before, claimable = _all(store), _claimable(store)

            there = _copied(store, other)
            store.transact_sync(_spoil)
            back = _copied(other, store, replaces=True)

            assert there.is_same
            assert back.is_same
            assert canonical(_all(store)) == canonical(before)
            assert _claimable(store) == claimable

    def test_a_copy_that_was_broken_off_goes_on(self) -> None:
        with self.opened() as store, _in_memory() as other:
            for number in range(120):
                _add(other, f"job-{number}")
            copying = DatabaseCopy(source=other, target=store).run()
            while next(copying).done < 100:
                pass
            copying.close()

            outcome = _copied(other, store)

            assert outcome.is_same
            assert (outcome.beginning, outcome.jobs) == ("resumed", 20)

    def test_a_job_that_was_active_can_be_claimed_when_its_lease_is_over(self) -> None:
        with self.opened() as store, _in_memory() as other:
            _add(other, "a")
            lease = _claim(other, MAIN, 1)[0].lease

            _copied(other, store)

            assert _all(store)[0][0].job.lease == lease
            assert store.read_sync(_state).stage is CopyStage.FINISHED


def _live(store: Store, clock: FakeClock) -> None:
    """Let jobs come to every place that a job can be in."""
    for name in ("done", "bad", "runs", "waits"):
        _add(store, name, max_attempts=1)
    done, bad, runs = _claim(store, MAIN, 3)
    held = Held(runs.key, "token")
    store.transact_sync(lambda uow: _report(uow, held))
    failure = Fail(ErrorInfo("ValueError", "ü", "line 1"))
    for settlement in (
        Settlement(done, "token", Complete('{"a":1}')),
        Settlement(bad, "token", failure),
    ):
        store.transact_sync(partial(settle, settlements=[settlement]))
    clock.advance(1)
    labels: dict[str, Any] = {"tags": ["b", "a"], "metadata": {"z": 1.5, "a": [None, True]}}
    _add(store, "late", queue=SIDE, delay=60, deadline=clock.now + timedelta(days=2))
    _add(store, "first", lifo=True, priority=7, **labels)
    store.transact_sync(partial(administer.pause, name=SIDE))


def _report(uow: UnitOfWork, held: Held) -> None:
    uow.journal.write_progress([(held, '{"part":0.5}')])
    uow.journal.write_state(held, '"state"')
    uow.journal.write_lines([NewLine(held, f"line {number}", 2) for number in range(3)])


def _add(
    store: Store, job_id: str, *, queue: str = MAIN, data: str = "{}", **options: object
) -> None:
    new = NewJob(JobRef(queue, job_id), "name", data, JobOptions.of(options), has_own_id=True)
    store.transact_sync(partial(add_jobs, wanted=[new], unregistered=frozenset({queue})))


def _claim(store: Store, queue: str, limit: int) -> list[Job]:
    claim = Claim(queue, limit, "worker", "token", LEASE)
    return store.transact_sync(
        partial(run_cycle, cycle=WorkerCycle(claims=(claim,), free=limit))
    ).claimed


class _Looked(Exception):
    """Raised by a unit that has to leave nothing behind."""


def _claimable(store: Store) -> list[str]:
    """What a claim would give, in order."""
    found: list[str] = []

    def work(uow: UnitOfWork) -> None:
        claim = Claim(MAIN, 99, "worker", "another", LEASE)
        found[:] = [job.id for job in run_cycle(uow, WorkerCycle(claims=(claim,), free=99)).claimed]
        raise _Looked

    try:
        store.transact_sync(work)
    except _Looked:
        return found
    raise AssertionError("a unit that raises does not return")


def _all(store: Store) -> tuple[list[Any], list[Any], list[Any]]:
    """Everything that a copy takes along."""
    return store.read_sync(
        lambda uow: (uow.archive.jobs(0, 999), uow.archive.events(0, 9_999), uow.queues.all())
    )


def _write_again(uow: UnitOfWork, before: tuple[list[Any], list[Any], list[Any]]) -> None:
    uow.archive.clear()
    uow.archive.insert_jobs(before[0])
    uow.archive.insert_events(before[1])
    for queue in before[2]:
        uow.queues.save(queue)


def _write_events(uow: UnitOfWork, ids: list[int]) -> None:
    event = uow.archive.events(0, 1)[0]
    uow.archive.insert_events([attrs.evolve(event, id=each) for each in ids])
    uow.archive.raise_counters(Counters(0, ids[-1]))


def _paged(
    store: Store, read: Callable[[UnitOfWork, int], list[T]], place: Callable[[T], int]
) -> list[T]:
    def everything(uow: UnitOfWork) -> list[T]:
        found: list[T] = []
        while page := read(uow, place(found[-1]) if found else 0):
            found += page
        return found

    return store.read_sync(everything)


def _saving(before: CopyState | None, after: CopyState) -> Callable[[UnitOfWork], bool]:
    return lambda uow: uow.archive.save_copy_state(before, after)


def _spoil(uow: UnitOfWork) -> None:
    administer.resume(uow, SIDE)
    uow.jobs.remove([uow.jobs.get(JobRef(MAIN, "waits"))])


def _count_on(uow: UnitOfWork, sequence: int) -> None:
    uow.archive.raise_counters(Counters(sequence, 0))


def _counters(uow: UnitOfWork) -> Counters:
    return uow.archive.counters()


def _state(uow: UnitOfWork) -> CopyState:
    state = uow.archive.copy_state()
    assert state is not None
    return state


def _id(uow: UnitOfWork) -> str:
    return uow.archive.store_id()


def _refuses(store: Store, work: Callable[[UnitOfWork], None]) -> bool:
    try:
        store.transact_sync(work)
    except StoreError:
        return True
    return False


@contextmanager
def _in_memory() -> Generator[Store]:
    """The other end of a copy."""
    store = MemoryStore(FakeClock(), RecordingWakeup())
    store.initialize_sync()
    yield store
    store.close_sync()


def _copied(source: Store, target: Store, *, replaces: bool = False) -> Outcome:
    copying = DatabaseCopy(source=source, target=target).run(replaces=replaces)
    while True:
        try:
            next(copying)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome
