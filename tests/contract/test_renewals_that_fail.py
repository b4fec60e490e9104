"""Workers that cannot renew their leases, while everything else works."""

import asyncio
import threading
import time
from typing import Any

import pytest

from errands import Errands, JobContext, StoreUnavailable
from errands.core.ports.store import Store, Work
from errands.testing import FaultyStore

LEASE = 0.8


class NoRenewals(FaultyStore):
    """Fails all renewals, or keeps them waiting, until it is let go."""

    def __init__(self, store: Store, how: str) -> None:
        super().__init__(store)
        self.how = how
        self.may_renew = threading.Event()

    def transact_sync(self, work: Work[Any], *, urgent: bool = False, **how: bool) -> Any:
        if urgent and self.how == "wait":
            self.may_renew.wait(10)
        if urgent and not self.may_renew.is_set():
            raise StoreUnavailable(self.url, "no room for another connection")
        return super().transact_sync(work, urgent=urgent, **how)


@pytest.mark.parametrize("how", ["fail", "wait"])
async def test_a_worker_takes_none_of_its_own_leases(url: str, how: str) -> None:
    async def stay(context: JobContext) -> int:
        await asyncio.sleep(4 * LEASE)
        return context.starts

    async with Errands(url) as app:
        store = NoRenewals(app.container.store(), how)
        async with Errands(store=store) as hindered:
            worker = hindered.worker(
                "default", processor=stay, lease=LEASE, renewal=LEASE / 4, poll=LEASE / 8
            )
            async with worker:
                jobs = await hindered.queue().add_many([("x", None)] * 3)
                await asyncio.sleep(2.5 * LEASE)
                store.may_renew.set()
                assert [await job.result(timeout=20) for job in jobs] == [1, 1, 1]
            assert [(job.starts, job.crashes) for job in jobs] == [(1, 0)] * 3


class LateAnswer(FaultyStore):
    """Commits the first renewal late: by then the lease that it gives is nearly over."""

    def __init__(self, store: Store, late_by: float) -> None:
        super().__init__(store)
        self.late_by = late_by
        self.answered_at = 0.0
        self.next_at = 0.0
        self.is_renewed_again = threading.Event()

    def transact_sync(self, work: Work[Any], *, urgent: bool = False, **how: bool) -> Any:
        began = time.monotonic()
        answer = super().transact_sync(work, urgent=urgent, **how)
        if urgent and not self.answered_at:
            time.sleep(self.late_by)
            self.answered_at = time.monotonic()
        elif urgent and not self.next_at:
            self.next_at = began
            self.is_renewed_again.set()
        return answer


async def test_what_was_renewed_late_is_renewed_again_at_once(url: str) -> None:
    renewal = 0.8
    async with Errands(url) as app:
        store = LateAnswer(app.container.store(), late_by=1.5 * renewal)
        async with Errands(store=store) as hindered:

            async def stay(context: JobContext) -> None:
                await asyncio.to_thread(store.is_renewed_again.wait, 10)

            async with hindered.worker(
                "default", processor=stay, lease=2 * renewal, renewal=renewal
            ):
                await (await hindered.queue().add("x")).result(timeout=20)

    assert store.next_at - store.answered_at < renewal / 2
