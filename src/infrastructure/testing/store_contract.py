"""What the services rely on in every store, as tests to inherit."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TypeVar

import attrs

from ...core.application.use_cases import administer, maintain, read
from ...core.application.use_cases.add import add_jobs
from ...core.application.use_cases.settle import WorkerCycle, run_cycle
from ...core.domain.events import EventType, Hint
from ...core.domain.job.identity import JobRef
from ...core.domain.job.job import Job
from ...core.domain.job.moment import Moment
from ...core.domain.store_errors import StoreNotOpen
from ...core.ports.lease_repository import Held
from ...core.ports.store import Store, Work
from ...core.ports.unit_of_work import UnitOfWork
from .archive_contract import ArchiveContract
from .clock import FakeClock
from .contract_jobs import (
    QUEUE,
    add,
    all_events,
    all_jobs,
    claim_of,
    ids,
    image,
    new_job,
    read_jobs,
    unwritten_job,
    write_all,
)
from .opened_store import RecordingWakeup
from .runs_contract import RunsContract
from .selection_contract import SelectionContract

T = TypeVar("T")


class _Undecided(Exception):
    """Raised by a unit that has to leave nothing behind."""


class StoreContract(RunsContract, ArchiveContract, SelectionContract):
    """Inherit it in a test class named `Test...`, and say how an empty store is made.

    Every test opens a store of its own. These are the promises of the port; what the
    rules of a job come to is the same code for every store.
    """

    def test_a_store_that_is_not_open_refuses_every_unit(self) -> None:
        self.clock, self.wakeup = FakeClock(), RecordingWakeup()
        store = self.make_store(self.clock, self.wakeup)

        assert _refuses(store)
        store.initialize_sync()
        store.close_sync()
        assert _refuses(store)

    def test_opening_and_closing_twice_is_harmless(self) -> None:
        with self.opened() as store:
            store.initialize_sync()
            add(store, "a")
            store.close_sync()
            store.close_sync()
            store.initialize_sync()

            assert [job.id for job in all_jobs(store)] == ["a"]

    def test_a_unit_that_raises_leaves_nothing_behind(self) -> None:
        with self.opened() as store:
            add(store, "a")
            before = image(store)
            self.wakeup.told.clear()

            assert _raises(store, _change_everything)

            assert image(store) == before
            assert self.wakeup.told == []

    def test_the_async_side_is_the_same_store(self) -> None:
        with self.opened() as store:
            work = partial(add_jobs, wanted=[new_job("a")], unregistered=frozenset({QUEUE}))

            async def both() -> list[Job]:
                await store.transact(work)
                return await store.read(read_jobs)

            assert [job.id for job in asyncio.run(both())] == ["a"]
            assert [job.id for job in all_jobs(store)] == ["a"]

    def test_a_commit_tells_the_types_of_its_events(self) -> None:
        with self.opened() as store:
            add(store, "a")

            assert Hint(QUEUE, EventType.ADDED) in self.wakeup.told

    def test_an_id_that_is_taken_is_left_out_of_an_insert(self) -> None:
        with self.opened() as store:
            add(store, "a")

            taken = store.transact_sync(
                lambda uow: uow.jobs.insert([unwritten_job("a"), unwritten_job("b")])
            )

            assert taken == {JobRef(QUEUE, "a")}
            assert [job.id for job in all_jobs(store)] == ["a", "b"]

    def test_jobs_are_numbered_in_order_as_they_are_written(self) -> None:
        for has_own_id in (True, False):
            with self.opened() as store:
                news = [new_job(f"{has_own_id} {n}", lifo=n % 2 == 1) for n in range(1_103)]
                news = [attrs.evolve(new, has_own_id=has_own_id) for new in news]
                refs = {new.ref for new in news}
                for some in (news[:1], news[1:2], news[2:4], news[4:]):
                    store.transact_sync(partial(add_jobs, wanted=some, unregistered=frozenset()))

                mine = [job for job in all_jobs(store) if job.ref in refs]
                jobs = sorted(mine, key=lambda job: job.key)
                assert ids(jobs) == [new.ref.id for new in news]
                assert all(job.sequence == job.key * (-1) ** n for n, job in enumerate(jobs))

    def test_sequences_rise_and_are_never_given_out_twice(self) -> None:
        with self.opened() as store:
            first = store.transact_sync(lambda uow: uow.jobs.draw_sequences(3))
            second = store.transact_sync(lambda uow: uow.jobs.draw_sequences(1))

            drawn = [*first, *second]
            assert len(drawn) == 4
            assert drawn == sorted(set(drawn))
            assert first[0] >= 1
            assert store.read_sync(lambda uow: uow.jobs.last_sequence()) >= second[0]

    def test_a_job_that_was_changed_meanwhile_is_not_saved(self) -> None:
        with self.opened() as store:
            add(store, "a")
            stale = all_jobs(store)[0]
            store.transact_sync(lambda uow: uow.jobs.save([uow.jobs.get(stale.ref)]))
            stale.priority = 99

            missed = store.transact_sync(lambda uow: uow.jobs.save([stale]))

            new = all_jobs(store)[0]
            assert [job.id for job in missed] == ["a"]
            assert new.priority == 0
            assert store.transact_sync(lambda uow: uow.jobs.save([stale, new])) == [stale]

    def test_of_two_copies_of_one_version_the_first_is_saved(self) -> None:
        with self.opened() as store:
            add(store, "a")
            first = all_jobs(store)[0]
            second = first.copy()
            first.change_priority(1, Moment(self.clock.now, lambda: 70), lifo=False)
            second.change_priority(2, Moment(self.clock.now, lambda: 71), lifo=False)

            assert store.transact_sync(lambda uow: uow.jobs.save([first, second])) == [second]
            assert [job.priority for job in all_jobs(store)] == [1]

    def test_the_newest_event_is_never_pruned(self) -> None:
        with self.opened() as store:
            for name in "abc":
                add(store, name)
            last = store.read_sync(read.last_event_id)
            self.clock.advance(60)

            prune = partial(maintain.prune_events, keep=timedelta(seconds=1))
            assert store.transact_sync(prune) == 2
            add(store, "d")

            assert [event.id for event in all_events(store)] == [last, last + 1]

    def test_thousands_of_jobs_fit_one_unit(self) -> None:
        with self.opened() as store:
            news = [new_job(f"job-{number}") for number in range(3_000)]

            added = store.transact_sync(
                partial(add_jobs, wanted=news, unregistered=frozenset({QUEUE}))
            )

            counts = store.read_sync(partial(read.count_jobs, queue=QUEUE))
            assert len(added) == counts[added[0].job.status].value == 3_000


def _change_everything(uow: UnitOfWork) -> None:
    add_jobs(uow, [new_job("b")], frozenset({"another"}))
    for job in run_cycle(uow, WorkerCycle(claims=(claim_of(9, "token"),), free=9)).claimed:
        write_all(uow, [Held(job.key, "token")])
    administer.pause(uow, QUEUE)
    uow.jobs.remove([uow.jobs.get(JobRef(QUEUE, "a"))])


def _raises(store: Store, change: Work[None]) -> bool:
    raised = _Undecided()

    def work(uow: UnitOfWork) -> None:
        change(uow)
        raise raised

    try:
        store.transact_sync(work)
    except _Undecided as error:
        return error is raised
    return False


def _refuses(store: Store) -> bool:
    for run in (store.transact_sync, store.read_sync):
        try:
            run(read.last_event_id)
        except StoreNotOpen:
            continue
        return False
    return True
