"""Claims whose commit was never answered: looked for, and few, however long the store was away."""

import asyncio
from typing import Any, TypeVar

from errands import Errands
from errands.core.application.use_cases.settle import WorkerCycle
from errands.core.ports.store import Store, Work
from errands.testing import FaultyStore

T = TypeVar("T")
QUEUES = [f"queue-{number}" for number in range(30)]
FAILURES = 4


class FailsToWrite(FaultyStore):
    """Answers reads, fails so many cycles that claim, and notes which claims were in doubt."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.in_doubt: list[int] = []

    async def transact(self, work: Work[T], **how: Any) -> T:
        cycle = getattr(work, "keywords", {}).get("cycle")
        if not isinstance(cycle, WorkerCycle):
            return await super().transact(work, **how)
        self.in_doubt.append(len(cycle.unanswered_claims))
        if len(self.in_doubt) > FAILURES:
            return await super().transact(work, **how)
        self.break_down()
        try:
            return await super().transact(work, **how)
        finally:
            self.repair()


async def test_they_do_not_grow_while_writes_fail(app: Errands) -> None:
    store = FailsToWrite(app.container.store())
    crowded = Errands(store=store)
    ran: set[str] = set()
    for name in QUEUES:
        await crowded.queue(name).add("x", name)

        @crowded.handler("x", queue=name)
        async def note(data: str) -> None:
            ran.add(data)

    async with crowded.worker(concurrency=len(QUEUES), poll=0.05):
        async with asyncio.timeout(30):
            while len(ran) < len(QUEUES):  # noqa: ASYNC110 - nothing else tells of it
                await asyncio.sleep(0.02)

    assert store.in_doubt[:1] == [0]
    assert max(store.in_doubt[: FAILURES + 1]) == 1
