import asyncio
from datetime import timedelta
from functools import partial

import pytest

from errands import JobRemoved, ResultTimeout
from errands.core.application.result_waiter import ResultWaiter
from errands.core.application.use_cases.add import NewJob, add_jobs
from errands.core.application.use_cases.manage import CancelJob, change, remove_job
from errands.core.domain.job.identity import JobRef
from errands.core.domain.job.options import JobOptions
from errands.core.domain.job.status import JobStatus
from errands.infrastructure.persistence.open_store import open_store
from errands.infrastructure.settings import Settings
from errands.infrastructure.wakeups.local_wakeup import LocalWakeup
from errands.testing import FakeClock, FaultyStore

REF = JobRef("mail", "x")
NOT_LONG = timedelta(seconds=2)


@pytest.fixture
async def store() -> FaultyStore:
    """A store whose commits tell nobody, with one waiting job."""
    store = FaultyStore(open_store(Settings(url="memory://"), FakeClock(), LocalWakeup()))
    await store.initialize()
    new = NewJob(REF, "send", "{}", JobOptions(), has_own_id=True)
    await store.transact(partial(add_jobs, wanted=[new], unregistered=frozenset({"mail"})))
    return store


async def test_an_end_is_seen_without_any_hint(store: FaultyStore) -> None:
    results = ResultWaiter(store=store, wakeup=LocalWakeup(), poll=timedelta(milliseconds=5))
    waiting = asyncio.ensure_future(results.ended(REF, NOT_LONG))
    await asyncio.sleep(0)

    await store.transact(partial(change, ref=REF, decide=CancelJob()))

    assert (await waiting).status is JobStatus.CANCELLED


async def test_a_removal_is_seen_without_any_hint(store: FaultyStore) -> None:
    results = ResultWaiter(store=store, wakeup=LocalWakeup(), poll=timedelta(milliseconds=5))
    waiting = asyncio.ensure_future(results.ended(REF, None))
    await asyncio.sleep(0)

    await store.transact(partial(remove_job, ref=REF))

    with pytest.raises(JobRemoved):
        await asyncio.wait_for(waiting, 2)


async def test_one_look_serves_all_who_wait_and_none_goes_on_after_them(
    store: FaultyStore,
) -> None:
    wakeup = LocalWakeup()
    results = ResultWaiter(store=store, wakeup=wakeup, poll=timedelta(milliseconds=5))
    waiting = [asyncio.ensure_future(results.ended(REF, NOT_LONG)) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await store.transact(partial(change, ref=REF, decide=CancelJob()))

    jobs = await asyncio.gather(*waiting[1:])

    assert {job.status for job in jobs} == {JobStatus.CANCELLED}
    assert (await results.ended(REF, NOT_LONG)).status is JobStatus.CANCELLED


async def test_a_store_that_fails_is_told_to_those_who_wait(store: FaultyStore) -> None:
    results = ResultWaiter(store=store, wakeup=LocalWakeup(), poll=timedelta(milliseconds=5))
    waiting = asyncio.ensure_future(results.ended(REF, None))
    await asyncio.sleep(0)
    store.break_down()

    with pytest.raises(OSError, match="broken"):
        await asyncio.wait_for(waiting, 2)
    store.repair()
    with pytest.raises(ResultTimeout):
        await results.ended(REF, timedelta(milliseconds=5))


@pytest.mark.parametrize("timeout", [timedelta(0), timedelta(milliseconds=3)])
async def test_time_to_wait_ends_in_both_worlds(store: FaultyStore, timeout: timedelta) -> None:
    results = ResultWaiter(store=store, wakeup=LocalWakeup())

    with pytest.raises(ResultTimeout):
        await results.ended(REF, timeout)
    with pytest.raises(ResultTimeout):
        results.ended_sync(REF, timeout)
