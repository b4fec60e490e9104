"""Jobs that were claimed when a handler blocked the event loop, before their runs could begin."""

import asyncio
import threading
import time
from typing import Any

from errands import Errands, JobContext
from errands.core.ports.store import Store, Work
from errands.testing import FaultyStore

LEASE = 1.0


class LateAnswers(FaultyStore):
    """Lets the event loop turn between the commit of a claim and its answer."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.has_claimed = asyncio.Event()

    async def transact(self, work: Work[Any], **how: bool) -> Any:
        answer = await super().transact(work, **how)
        if any(job.name == "claimed" for job in getattr(answer, "claimed", ())):
            self.has_claimed.set()
            await asyncio.sleep(0.01)
        return answer


async def test_they_keep_their_leases_and_start_once(url: str) -> None:
    async with Errands(url) as app:
        store = LateAnswers(app.container.store())
        async with Errands(store=store) as late:

            async def process(context: JobContext) -> None:
                if context.name == "block":
                    await app.queue().add("claimed")
                    await store.has_claimed.wait()
                    time.sleep(3 * LEASE)  # noqa: ASYNC251 - that is what is tried

            worker = late.worker(
                "default", processor=process, lease=LEASE, renewal=LEASE / 4, scheduler=False
            )
            scheduler = app.scheduler()
            watching = threading.Thread(target=lambda: asyncio.run(scheduler.run()))
            watching.start()
            try:
                async with worker:
                    blocking = await late.queue().add("block")
                    await blocking.result(timeout=20)
                    claimed = (await late.queue().jobs(name="claimed")).jobs[0]
                    await claimed.result(timeout=20)
            finally:
                await scheduler.close()
                await asyncio.to_thread(watching.join)
            await claimed.refresh()
            assert (claimed.starts, claimed.crashes) == (1, 0)
