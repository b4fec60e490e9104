"""What claims, leases and settlements rely on in every store, as tests to inherit."""

from __future__ import annotations

from functools import partial

from ...core.application.use_cases import administer, maintain, report
from ...core.application.use_cases.settle import Settlement, settle
from ...core.domain.events import EventType
from ...core.domain.job.moment import Moment
from ...core.domain.job.outcome import Complete
from ...core.ports.event_log import EventFilter
from ...core.ports.lease_repository import Held
from .contract_jobs import (
    LEASE,
    QUEUE,
    add,
    all_jobs,
    claim,
    claim_of,
    ids,
    write_all,
)
from .opened_store import OpenedStore


class RunsContract(OpenedStore):
    """The promises of claims and runs; a part of `StoreContract`."""

    def test_a_claim_takes_the_first_by_priority_then_sequence(self) -> None:
        with self.opened() as store:
            add(store, "low", priority=-1)
            add(store, "first")
            add(store, "second")
            add(store, "ahead", lifo=True)
            add(store, "urgent", priority=20)

            assert ids(claim(store, 2)) == ["urgent", "ahead"]
            assert ids(claim(store, 9)) == ["first", "second", "low"]
            assert ids(claim(store, 9)) == []

    def test_a_claim_is_what_the_entity_says(self) -> None:
        with self.opened() as store:
            add(store, "a")
            expected = all_jobs(store)[0]
            expected.claim(claim_of(1, "t"), Moment(self.clock.now))

            claimed = claim(store, 1, run="t")[0]

            assert (claimed.status, claimed.lease, claimed.starts, claimed.started_at) == (
                expected.status,
                expected.lease,
                expected.starts,
                expected.started_at,
            )

    def test_paused_queues_and_lapsed_jobs_give_nothing(self) -> None:
        with self.opened() as store:
            add(store, "lapses", expires_in=1)
            add(store, "stays")
            self.clock.advance(1)
            store.transact_sync(partial(administer.pause, name=QUEUE))
            assert claim(store, 9) == []

            store.transact_sync(partial(administer.resume, name=QUEUE))
            assert ids(claim(store, 9)) == ["stays"]

    def test_a_run_writes_only_under_its_own_token(self) -> None:
        with self.opened() as store:
            add(store, "a")
            job = claim(store, 1, run="mine")[0]
            mine, other = Held(job.key, "mine"), Held(job.key, "other")

            found = store.transact_sync(lambda uow: write_all(uow, [mine, other]))

            assert found == [True, False, True, False, 1, None]
            renewed = store.transact_sync(partial(report.renew, held=[mine, other], lease=LEASE))
            assert renewed.lost == {other}

    def test_settling_twice_under_one_token_is_a_success(self) -> None:
        with self.opened() as store:
            add(store, "a")
            job = claim(store, 1, run="mine")[0]
            settlement = Settlement(job, "mine", Complete("1"))

            for _ in range(2):
                assert store.transact_sync(partial(settle, settlements=[settlement])) == []
            completed = EventFilter(types=frozenset({EventType.COMPLETED}))
            assert len(store.read_sync(lambda uow: uow.events.read(0, 9, completed))) == 1

    def test_a_run_whose_lease_was_taken_settles_nothing(self) -> None:
        with self.opened() as store:
            add(store, "a")
            job = claim(store, 1, run="first")[0]
            self.clock.advance(LEASE)
            assert store.transact_sync(maintain.expire_leases) == 1
            again = claim(store, 1, run="second")[0]

            late = Settlement(job, "first", Complete('"late"'))
            assert store.transact_sync(partial(settle, settlements=[late])) == [late]

            assert again.holds("second")
            assert all_jobs(store)[0].holds("second")
