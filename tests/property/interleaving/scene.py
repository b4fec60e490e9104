"""A database with a few jobs in it, and the sides that are let loose on it."""

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import attrs

from errands.core.application.adder import Adder
from errands.core.application.doctor import Doctor
from errands.core.application.facade.sync_queue import SyncQueue
from errands.core.application.result_waiter import ResultWaiter
from errands.core.application.services import Services
from errands.core.application.use_cases import read
from errands.core.application.use_cases.settle import Settlement, WorkerCycle, run_cycle
from errands.core.domain.events import Event
from errands.core.domain.job.job import Job
from errands.core.domain.job.outcome import Outcome
from errands.core.ports.event_log import EventFilter
from errands.core.ports.job_catalog import JobQuery
from errands.core.ports.store import Store
from errands.infrastructure.codec import JsonCodec
from errands.infrastructure.persistence.memory.database import MemoryDatabase
from errands.infrastructure.wakeups.local_wakeup import LocalWakeup
from errands.testing import FakeClock, SequentialIds
from tests.property.interleaving.gated import Account, GatedStore, open_gated
from tests.property.interleaving.turns import Burst, take_turns
from tests.property.interleaving.verbs import BROKEN, DONE, LEASE, QUEUE, Actor, Done, Verb, do
from tests.servers import scratch_of_process

STATES: Final = ("waiting", "delayed", "due", "completed", "failed", "cancelled", "active", "lost")
PAGE: Final = 4
LONGEST_READ: Final = 200
"""Pages after which a follower that has not come to the end never will."""


@attrs.frozen
class Plan:
    """What there is at first, who does what, and in which order they go on."""

    states: Sequence[str]
    sides: Sequence[Sequence[Verb]]
    followers: int
    order: Sequence[Burst]


@attrs.define(eq=False)
class Follower:
    """Reads the log behind one cursor, page by page, as `Queue.events` does."""

    store: Store
    cursor: int
    read: list[int] = attrs.field(factory=list[int])

    def turn_pages(self, pages: int) -> None:
        """Read so many pages."""
        for _ in range(pages):
            work = partial(read.read_page, after=self.cursor, limit=PAGE, wanted=EventFilter())
            page = self.store.read_sync(work)
            self.cursor = page.end
            self.read += [event.id for event in page.events]

    def finish(self, newest: int) -> None:
        """Read to the end."""
        for _ in range(LONGEST_READ):
            if self.cursor >= newest:
                return
            self.turn_pages(1)


@attrs.define(eq=False)
class Scene:
    """What is left to be judged."""

    accounts: list[Account]
    began: int = 0
    done: list[Done] = attrs.field(factory=list[Done])
    followers: list[Follower] = attrs.field(factory=list[Follower])
    jobs: list[Job] = attrs.field(factory=list[Job])
    log: list[Event] = attrs.field(factory=list[Event])
    queues: list[str] = attrs.field(factory=list[str])
    flaws: list[str] = attrs.field(factory=list[str])


def play(plan: Plan, store_name: str) -> Scene:
    """Set the scene, let the sides loose, and look at what is left."""
    house = _house(store_name)
    first = house.stores[0]
    first.transact_sync(lambda uow: uow.archive.clear())
    director = _actor(first, house.ids)
    actors = [_actor(house.stores[place % 2], house.ids) for place in range(len(plan.sides))]
    scene = Scene([actor.store.account for actor in (director, *actors)])
    _furnish(director, plan.states, house.clock)
    scene.began = first.read_sync(read.last_event_id)
    scene.followers = [Follower(GatedStore(first), scene.began) for _ in range(plan.followers)]
    take_turns(
        [
            *(
                partial(_perform, *each, scene.done)
                for each in zip(actors, plan.sides, strict=True)
            ),
            *(partial(follower.turn_pages, 4) for follower in scene.followers),
        ],
        plan.order,
    )
    _look_around(first, scene)
    return scene


def _perform(actor: Actor, verbs: Sequence[Verb], done: list[Done]) -> None:
    done.extend(do(actor, verb) for verb in verbs)


def _actor(store: Store, ids: SequentialIds) -> Actor:
    gated, wakeup = GatedStore(store), LocalWakeup()
    services = Services(
        store=gated,
        wakeup=wakeup,
        codec=JsonCodec(),
        ids=ids,
        adder=Adder(store=gated),
        results=ResultWaiter(store=gated, wakeup=wakeup),
    )
    return Actor(gated, SyncQueue(QUEUE, services=services), ids)


def _furnish(by: Actor, states: Sequence[str], clock: FakeClock) -> None:
    """One job in each of these states, by its name; the lost ones have leases that have run out."""

    def add(*wanted: str, **options: Any) -> None:
        for state in wanted:
            if state in states:
                by.queue.add("send", job_id=state, max_attempts=1, **options)

    add("cancelled")
    for job in by.queue.jobs().jobs:
        job.cancel()
    add("completed", "failed", "lost", keep_completed=LEASE, keep_failed=1)
    claimed = by.store.transact_sync(partial(run_cycle, cycle=by.claim(9))).claimed
    outcomes: dict[str, Outcome] = {"completed": DONE, "failed": BROKEN}
    ends = ((job, outcomes.get(job.id)) for job in claimed)
    settlements = tuple(Settlement(job, job.token or "", end) for job, end in ends if end)
    by.store.transact_sync(partial(run_cycle, cycle=WorkerCycle(settlements)))
    add("due", delay=LEASE)
    add("active")
    clock.advance(LEASE + timedelta(seconds=1))
    by.store.transact_sync(partial(run_cycle, cycle=by.claim(9)))
    add("waiting")
    add("delayed", delay=LEASE)


@attrs.frozen(eq=False)
class _House:
    """One database, open in two processes as it were, for as long as this process lives."""

    stores: tuple[Store, Store]
    clock: FakeClock
    ids: SequentialIds


@cache
def _house(name: str) -> _House:
    clock = FakeClock()
    if name == "sqlite":
        folder = Path(tempfile.mkdtemp(prefix="errands-interleaving-"))
        atexit.register(shutil.rmtree, folder)
        url = f"sqlite:///{folder / 'errands.db'}"
    else:
        url = "memory://" if name == "memory" else scratch_of_process(name).emptied()
    first = open_gated(url, clock)
    second = first if name == "memory" else open_gated(url, clock)
    atexit.register(first.close_sync)
    atexit.register(second.close_sync)
    return _House((first, second), clock, SequentialIds())


def _look_around(store: Store, scene: Scene) -> None:
    newest = scene.began
    for _ in range(LONGEST_READ):
        scene.log = list(store.read_sync(lambda uow: uow.events.read(0, 100_000, EventFilter())))
        newest = store.read_sync(read.last_event_id)
        if scene.log and scene.log[-1].id == newest:
            break
    for follower in scene.followers:
        follower.finish(newest)
    page = JobQuery(newest_first=False)
    scene.jobs = list(
        store.read_sync(lambda uow: uow.catalog.page(page, after=None, limit=999)).jobs
    )
    scene.queues = [queue.name for queue in store.read_sync(lambda uow: uow.queues.all())]
    for checked in Doctor(store=store, database=MemoryDatabase("")).examine():
        scene.flaws += [f"{found.ref}: {found.sentence}" for found in checked.findings]
