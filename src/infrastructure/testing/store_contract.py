"""What the services rely on in every store, as tests to inherit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

import attrs

from ...core.application.use_cases import administer, maintain, read, report
from ...core.application.use_cases.add import NewJob, add_jobs
from ...core.application.use_cases.settle import Settlement, WorkerCycle, run_cycle, settle
from ...core.domain.events import Event, EventType, Hint
from ...core.domain.job.identity import JobRef
from ...core.domain.job.job import Job
from ...core.domain.job.lease import Claim
from ...core.domain.job.moment import Moment
from ...core.domain.job.options import JobOptions
from ...core.domain.job.outcome import Complete
from ...core.domain.store_errors import StoreNotOpen
from ...core.ports.event_log import EventFilter
from ...core.ports.job_catalog import JobQuery
from ...core.ports.lease_repository import Held
from ...core.ports.run_journal import NewLine
from ...core.ports.store import Store, Work
from ...core.ports.unit_of_work import UnitOfWork
from .archive_contract import ArchiveContract
from .clock import FakeClock
from .opened_store import RecordingWakeup
from .selection_contract import SelectionContract

T = TypeVar("T")
QUEUE = "contract"
LEASE = timedelta(seconds=30)


class _Undecided(Exception):
    """Raised by a unit that has to leave nothing behind."""


class StoreContract(ArchiveContract, SelectionContract):
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
            _add(store, "a")
            store.close_sync()
            store.close_sync()
            store.initialize_sync()

            assert [job.id for job in _all(store)] == ["a"]

    def test_a_unit_that_raises_leaves_nothing_behind(self) -> None:
        with self.opened() as store:
            _add(store, "a")
            before = _image(store)
            self.wakeup.told.clear()

            assert _raises(store, _change_everything)

            assert _image(store) == before
            assert self.wakeup.told == []

    def test_the_async_side_is_the_same_store(self) -> None:
        with self.opened() as store:
            work = partial(add_jobs, wanted=[_new("a")], unregistered=frozenset({QUEUE}))

            async def both() -> list[Job]:
                await store.transact(work)
                return await store.read(_all_jobs)

            assert [job.id for job in asyncio.run(both())] == ["a"]
            assert [job.id for job in _all(store)] == ["a"]

    def test_a_commit_tells_the_types_of_its_events(self) -> None:
        with self.opened() as store:
            _add(store, "a")

            assert Hint(QUEUE, EventType.ADDED) in self.wakeup.told

    def test_an_id_that_is_taken_is_left_out_of_an_insert(self) -> None:
        with self.opened() as store:
            _add(store, "a")

            taken = store.transact_sync(lambda uow: uow.jobs.insert([_job("a"), _job("b")]))

            assert taken == {JobRef(QUEUE, "a")}
            assert [job.id for job in _all(store)] == ["a", "b"]

    def test_jobs_are_numbered_in_order_as_they_are_written(self) -> None:
        for has_own_id in (True, False):
            with self.opened() as store:
                news = [_new(f"{has_own_id} {n}", lifo=n % 2 == 1) for n in range(1_103)]
                news = [attrs.evolve(new, has_own_id=has_own_id) for new in news]
                refs = {new.ref for new in news}
                for some in (news[:1], news[1:2], news[2:4], news[4:]):
                    store.transact_sync(partial(add_jobs, wanted=some, unregistered=frozenset()))

                mine = [job for job in _all(store) if job.ref in refs]
                jobs = sorted(mine, key=lambda job: job.key)
                assert _ids(jobs) == [new.ref.id for new in news]
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
            _add(store, "a")
            stale = _all(store)[0]
            store.transact_sync(lambda uow: uow.jobs.save([uow.jobs.get(stale.ref)]))
            stale.priority = 99

            missed = store.transact_sync(lambda uow: uow.jobs.save([stale]))

            new = _all(store)[0]
            assert [job.id for job in missed] == ["a"]
            assert new.priority == 0
            assert store.transact_sync(lambda uow: uow.jobs.save([stale, new])) == [stale]

    def test_of_two_copies_of_one_version_the_first_is_saved(self) -> None:
        with self.opened() as store:
            _add(store, "a")
            first = _all(store)[0]
            second = first.copy()
            first.change_priority(1, Moment(self.clock.now, lambda: 70), lifo=False)
            second.change_priority(2, Moment(self.clock.now, lambda: 71), lifo=False)

            assert store.transact_sync(lambda uow: uow.jobs.save([first, second])) == [second]
            assert [job.priority for job in _all(store)] == [1]

    def test_a_claim_takes_the_first_by_priority_then_sequence(self) -> None:
        with self.opened() as store:
            _add(store, "low", priority=-1)
            _add(store, "first")
            _add(store, "second")
            _add(store, "ahead", lifo=True)
            _add(store, "urgent", priority=20)

            assert _ids(_claim(store, 2)) == ["urgent", "ahead"]
            assert _ids(_claim(store, 9)) == ["first", "second", "low"]
            assert _ids(_claim(store, 9)) == []

    def test_a_claim_is_what_the_entity_says(self) -> None:
        with self.opened() as store:
            _add(store, "a")
            expected = _all(store)[0]
            expected.claim(_claim_of(1, "t"), Moment(self.clock.now))

            claimed = _claim(store, 1, run="t")[0]

            assert (claimed.status, claimed.lease, claimed.starts, claimed.started_at) == (
                expected.status,
                expected.lease,
                expected.starts,
                expected.started_at,
            )

    def test_paused_queues_and_lapsed_jobs_give_nothing(self) -> None:
        with self.opened() as store:
            _add(store, "lapses", expires_in=1)
            _add(store, "stays")
            self.clock.advance(1)
            store.transact_sync(partial(administer.pause, name=QUEUE))
            assert _claim(store, 9) == []

            store.transact_sync(partial(administer.resume, name=QUEUE))
            assert _ids(_claim(store, 9)) == ["stays"]

    def test_a_run_writes_only_under_its_own_token(self) -> None:
        with self.opened() as store:
            _add(store, "a")
            job = _claim(store, 1, run="mine")[0]
            mine, other = Held(job.key, "mine"), Held(job.key, "other")

            found = store.transact_sync(lambda uow: _write_all(uow, [mine, other]))

            assert found == [True, False, True, False, 1, None]
            renewed = store.transact_sync(partial(report.renew, held=[mine, other], lease=LEASE))
            assert renewed.lost == {other}

    def test_settling_twice_under_one_token_is_a_success(self) -> None:
        with self.opened() as store:
            _add(store, "a")
            job = _claim(store, 1, run="mine")[0]
            settlement = Settlement(job, "mine", Complete("1"))

            for _ in range(2):
                assert store.transact_sync(partial(settle, settlements=[settlement])) == []
            completed = EventFilter(types=frozenset({EventType.COMPLETED}))
            assert len(store.read_sync(lambda uow: uow.events.read(0, 9, completed))) == 1

    def test_a_run_whose_lease_was_taken_settles_nothing(self) -> None:
        with self.opened() as store:
            _add(store, "a")
            job = _claim(store, 1, run="first")[0]
            self.clock.advance(LEASE)
            assert store.transact_sync(maintain.expire_leases) == 1
            again = _claim(store, 1, run="second")[0]

            late = Settlement(job, "first", Complete('"late"'))
            assert store.transact_sync(partial(settle, settlements=[late])) == [late]

            assert again.holds("second")
            assert _all(store)[0].holds("second")

    def test_the_newest_event_is_never_pruned(self) -> None:
        with self.opened() as store:
            for name in "abc":
                _add(store, name)
            last = store.read_sync(read.last_event_id)
            self.clock.advance(60)

            prune = partial(maintain.prune_events, keep=timedelta(seconds=1))
            assert store.transact_sync(prune) == 2
            _add(store, "d")

            assert [event.id for event in _events(store)] == [last, last + 1]

    def test_thousands_of_jobs_fit_one_unit(self) -> None:
        with self.opened() as store:
            news = [_new(f"job-{number}") for number in range(3_000)]

            added = store.transact_sync(
                partial(add_jobs, wanted=news, unregistered=frozenset({QUEUE}))
            )

            counts = store.read_sync(partial(read.count_jobs, queue=QUEUE))
            assert len(added) == counts[added[0].job.status].value == 3_000


def _new(job_id: str, **options: object) -> NewJob:
    return NewJob(JobRef(QUEUE, job_id), "name", "{}", JobOptions.of(options), has_own_id=True)


def _job(job_id: str) -> Job:
    job, _ = Job.add(
        ref=JobRef(QUEUE, job_id),
        name="name",
        data="{}",
        options=JobOptions(),
        moment=Moment(FakeClock().now),
    )
    return job


def _add(store: Store, job_id: str, **options: object) -> Job:
    work = partial(add_jobs, wanted=[_new(job_id, **options)], unregistered=frozenset({QUEUE}))
    return store.transact_sync(work)[0].job


def _claim_of(limit: int, token: str) -> Claim:
    return Claim(QUEUE, limit, "worker", token, LEASE)


def _claim(store: Store, limit: int, run: str = "token") -> list[Job]:
    turn = WorkerCycle(claims=(_claim_of(limit, run),), free=limit)
    return store.transact_sync(partial(run_cycle, cycle=turn)).claimed


def _all_jobs(uow: UnitOfWork) -> list[Job]:
    query = JobQuery(newest_first=False)
    return list(uow.catalog.page(query, after=None, limit=10_000).jobs)


def _all(store: Store) -> list[Job]:
    return store.read_sync(_all_jobs)


def _image(store: Store) -> object:
    """Everything that a unit could have changed, to compare."""
    jobs = [
        (job.id, job.status, job.version, job.priority, job.progress, job.state, job.token)
        for job in _all(store)
    ]
    return jobs, _events(store), store.read_sync(read.list_queues)


def _events(store: Store) -> list[Event]:
    return list(store.read_sync(lambda uow: uow.events.read(0, 10_000, EventFilter())))


def _ids(jobs: Sequence[Job]) -> list[str]:
    return [job.id for job in jobs]


def _write_all(uow: UnitOfWork, held: Sequence[Held]) -> list[object]:
    written: list[object] = list(uow.journal.write_progress([(hold, "1") for hold in held]))
    written += [uow.journal.write_state(hold, "2") for hold in held]
    written += uow.journal.write_lines([NewLine(hold, "line", 10) for hold in held])
    return written


def _change_everything(uow: UnitOfWork) -> None:
    add_jobs(uow, [_new("b")], frozenset({"another"}))
    for job in run_cycle(uow, WorkerCycle(claims=(_claim_of(9, "token"),), free=9)).claimed:
        _write_all(uow, [Held(job.key, "token")])
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
