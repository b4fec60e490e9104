"""What a copy of a whole store relies on in every store, as tests to inherit."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import attrs

from ...core.application.checksum import canonical
from ...core.application.database_copy import DatabaseCopy, Outcome
from ...core.application.use_cases import administer
from ...core.domain.job.identity import JobRef
from ...core.domain.store_errors import StoreError
from ...core.ports.archive import CopyStage, CopyState, Counters
from ...core.ports.store import Store
from ...core.ports.unit_of_work import UnitOfWork
from ..persistence.memory.store import MemoryStore
from .archive_story import MAIN, SIDE, add_to, claim_from, claimable, live
from .clock import FakeClock
from .opened_store import OpenedStore, RecordingWakeup

T = TypeVar("T")


class ArchiveContract(OpenedStore):
    """The promises of the archive; a part of `StoreContract`."""

    def test_pages_give_every_job_with_its_lines_and_every_event(self) -> None:
        with self.opened() as store:
            live(store, self.clock)
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
            live(store, self.clock)
            before = _all(store)

            store.transact_sync(partial(_write_again, before=before))

            assert canonical(_all(store)) == canonical(before)

    def test_writing_wakes_nobody_and_tells_no_event(self) -> None:
        with self.opened() as store:
            live(store, self.clock)
            before, counted = _all(store), store.read_sync(_counters)
            self.wakeup.told.clear()

            store.transact_sync(partial(_write_again, before=before))

            assert self.wakeup.told == []
            assert store.read_sync(_counters) == counted

    def test_heavy_jobs_can_be_written_as_they_were(self) -> None:
        with self.opened() as store:
            for number in range(12):
                add_to(store, f"heavy-{number}", data=f'"{"ü" * 400_000}"')
            before = _all(store)

            store.transact_sync(partial(_write_again, before=before))

            assert canonical(_all(store)) == canonical(before)

    def test_numbers_go_on_above_those_of_a_copy(self) -> None:
        with self.opened() as store:
            last = store.read_sync(_counters).sequence
            store.transact_sync(partial(_count_on, sequence=last + 700))
            add_to(store, "a")

            store.transact_sync(partial(_count_on, sequence=5))
            add_to(store, "b")

            assert [one.job.key for one in _all(store)[0]] == [last + 701, last + 702]
            assert store.read_sync(_counters).sequence == last + 702

    def test_event_ids_go_on_above_those_of_a_copy(self) -> None:
        with self.opened() as store:
            add_to(store, "a")
            event = store.read_sync(lambda uow: uow.archive.events(0, 1))[0]
            store.transact_sync(partial(_write_events, ids=[event.id + 50, event.id + 90]))

            add_to(store, "b")

            assert [one.id for one in _all(store)[1]][:3] == [
                event.id,
                event.id + 50,
                event.id + 90,
            ]

    def test_a_number_that_is_taken_is_refused(self) -> None:
        with self.opened() as store:
            add_to(store, "a")
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

            add_to(store, "a")

            assert store.read_sync(_id) == identity != other.read_sync(_id)

    def test_a_copy_there_and_back_is_the_same(self) -> None:
        with self.opened() as store, _in_memory() as other:
            live(store, self.clock)
            before, ready = _all(store), claimable(store)

            there = _copied(store, other)
            store.transact_sync(_spoil)
            back = _copied(other, store, replaces=True)

            assert there.is_same
            assert back.is_same
            assert canonical(_all(store)) == canonical(before)
            assert claimable(store) == ready

    def test_a_copy_that_was_broken_off_goes_on(self) -> None:
        with self.opened() as store, _in_memory() as other:
            for number in range(120):
                add_to(other, f"job-{number}")
            copying = DatabaseCopy(source=other, target=store).run()
            while next(copying).done < 100:
                pass
            copying.close()

            outcome = _copied(other, store)

            assert outcome.is_same
            assert (outcome.beginning, outcome.jobs) == ("resumed", 20)

    def test_a_job_that_was_active_can_be_claimed_when_its_lease_is_over(self) -> None:
        with self.opened() as store, _in_memory() as other:
            add_to(other, "a")
            lease = claim_from(other, MAIN, 1)[0].lease

            _copied(other, store)

            assert _all(store)[0][0].job.lease == lease
            assert store.read_sync(_state).stage is CopyStage.FINISHED


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
