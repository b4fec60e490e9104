import asyncio
from typing import Any

import pytest

from errands.core.application.adder import Adder
from errands.core.application.use_cases.add import NewJob
from errands.core.domain.job.identity import JobRef
from errands.core.domain.job.options import JobOptions
from errands.core.domain.job.status import JobStatus
from errands.core.ports.store import Store, Work
from errands.infrastructure.persistence.open_store import open_store
from errands.infrastructure.settings import Settings
from errands.infrastructure.wakeups.local_wakeup import LocalWakeup
from errands.testing import FakeClock, FaultyStore


class CountingStore(FaultyStore):
    """Counts writes, and holds them up on demand."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.writes = 0
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def transact(self, work: Work[Any], **how: bool) -> Any:
        self.writes += 1
        await self.may_go_on.wait()
        return await super().transact(work, **how)


@pytest.fixture
async def store() -> CountingStore:
    store = CountingStore(open_store(Settings(url="memory://"), FakeClock(), LocalWakeup()))
    await store.initialize()
    return store


@pytest.fixture
def adder(store: CountingStore) -> Adder:
    return Adder(store=store)


def new(job_id: str, queue: str = "mail") -> NewJob:
    return NewJob(JobRef(queue, job_id), "send", "{}", JobOptions(), has_own_id=True)


def waiting_ids(store: CountingStore) -> list[str]:
    def work(uow: Any) -> list[str]:
        from errands.core.ports.job_catalog import JobQuery

        query = JobQuery(statuses=frozenset({JobStatus.WAITING}), newest_first=False)
        return [job.id for job in uow.catalog.page(query, after=None, limit=1_000).jobs]

    return store.read_sync(work)


async def test_adds_of_one_turn_of_the_loop_are_one_write(
    adder: Adder, store: CountingStore
) -> None:
    added = await asyncio.gather(*(adder.add(new(str(number))) for number in range(10)))

    assert [one.job.id for one in added] == [str(number) for number in range(10)]
    assert store.writes == 1
    assert waiting_ids(store) == [str(number) for number in range(10)]


async def test_what_comes_during_a_write_is_gathered_for_the_next(
    adder: Adder, store: CountingStore
) -> None:
    store.may_go_on.clear()
    first = asyncio.ensure_future(adder.add(new("first")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.ensure_future(adder.add(new(f"later {number}"))) for number in range(5)]
    await asyncio.sleep(0)
    store.may_go_on.set()

    await asyncio.gather(first, *later)

    assert store.writes == 2
    assert waiting_ids(store)[0] == "first"


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
async def test_a_cancelled_leader_leaves_the_others_served(
    adder: Adder, store: CountingStore, turns: int
) -> None:
    store.may_go_on.clear()
    leader = asyncio.ensure_future(adder.add(new("leader")))
    others = [asyncio.ensure_future(adder.add(new(str(number)))) for number in range(3)]
    for _ in range(turns):
        await asyncio.sleep(0)

    leader.cancel()
    await asyncio.sleep(0)
    store.may_go_on.set()
    added = await asyncio.wait_for(asyncio.gather(*others), 2)
    last = await asyncio.wait_for(adder.add(new("last")), 2)

    assert [one.job.id for one in added] == ["0", "1", "2"]
    assert last.is_new
    assert [one for one in waiting_ids(store) if one != "leader"] == ["0", "1", "2", "last"]
    with pytest.raises(asyncio.CancelledError):
        await leader


@pytest.mark.parametrize("turns", [1, 2, 3])
async def test_a_cancelled_follower_harms_nobody(
    adder: Adder, store: CountingStore, turns: int
) -> None:
    store.may_go_on.clear()
    adding = [asyncio.ensure_future(adder.add(new(str(number)))) for number in range(3)]
    for _ in range(turns):
        await asyncio.sleep(0)

    adding[1].cancel()
    store.may_go_on.set()
    first, second, third = await asyncio.wait_for(
        asyncio.gather(*adding, return_exceptions=True), 2
    )

    assert isinstance(second, asyncio.CancelledError)
    assert not isinstance(first, BaseException)
    assert not isinstance(third, BaseException)


async def test_a_failing_write_is_told_to_every_member(adder: Adder, store: CountingStore) -> None:
    store.break_down()
    answers = await asyncio.gather(
        *(adder.add(new(str(number))) for number in range(3)), return_exceptions=True
    )
    store.repair()

    assert [isinstance(answer, OSError) for answer in answers] == [True, True, True]
    assert (await adder.add(new("0"))).is_new


async def test_a_queue_is_registered_once_and_again_if_its_first_write_failed(
    adder: Adder, store: CountingStore
) -> None:
    assert adder.unregistered([new("a")]) == {"mail"}
    store.break_down()
    with pytest.raises(OSError, match="broken"):
        await adder.add(new("a"))
    assert adder.unregistered([new("a")]) == {"mail"}
    store.repair()

    await adder.add(new("a"))

    assert adder.unregistered([new("a")]) == set()
    assert adder.unregistered([new("a"), new("b", "other")]) == {"other"}


async def test_queues_that_were_used_long_ago_are_forgotten(
    adder: Adder, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    for number in range(50):
        await adder.add(new("x", queue=f"queue-{number}"))
    now += 61
    await adder.add(new("x", queue="another"))

    known = adder._registered  # pyright: ignore[reportPrivateUsage]
    assert list(known) == ["another"]
