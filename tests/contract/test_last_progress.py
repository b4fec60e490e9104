"""The progress of a run that ends while it is being written."""

import asyncio
from contextlib import suppress
from typing import Any, TypeVar

from errands import Errands, EventType, SyncJobContext
from errands.core.application.use_cases.report import record
from errands.core.ports.store import Work
from errands.testing import FaultyStore

T = TypeVar("T")


class WritesProgressLate(FaultyStore):
    """Writes progress only when another write has come first, or none has for a while."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self.progress_is_written = asyncio.Event()
        self._is_overtaken = asyncio.Event()

    async def transact(self, work: Work[T], **how: Any) -> T:
        if getattr(work, "func", None) is not record:
            answer = await super().transact(work, **how)
            self._is_overtaken.set()
            return answer
        self._is_overtaken.clear()
        self.progress_is_written.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_overtaken.wait(), 0.3)
        return await super().transact(work, **how)


async def test_a_run_that_ends_while_its_progress_is_written_keeps_it(app: Errands) -> None:
    store = WritesProgressLate(app.container.store())
    slow = Errands(store=store)
    loop = asyncio.get_running_loop()

    @slow.handler("report")
    def report(data: object, context: SyncJobContext) -> None:
        context.update_progress({"done": 1})
        asyncio.run_coroutine_threadsafe(store.progress_is_written.wait(), loop).result(10)

    async with slow.worker(scheduler=False):
        job = await slow.queue().add("report")
        await job.result(timeout=10)

    assert (await job.refresh()).progress == {"done": 1}
    told = slow.queue().events(after=0, types=[EventType.PROGRESS], follow=False)
    assert [event.data async for event in told] == [{"value": {"done": 1}}]
