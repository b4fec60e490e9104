"""Adds jobs, waits until they run, and cancels them one by one."""

from __future__ import annotations

import asyncio
from time import monotonic_ns

from errands import Queue
from tests.benchmarks.jobs import NAME, QUEUE, application, data
from tests.benchmarks.programs.talk import arguments, start, tell

GAP_SECONDS = 0.05


async def wait_until_all_run(queue: Queue, count: int) -> None:
    """Return once so many jobs have started."""
    left = count
    async for _ in queue.events(after=0, types=["active"]):
        left -= 1
        if not left:
            return


async def main(url: str, count: int) -> None:
    """Tell the moment of each call of cancel, by job id."""
    moments: dict[str, int] = {}
    async with application(url) as app:
        queue = app.queue(QUEUE)
        handles = await queue.add_many((NAME, data()) for _ in range(count))
        await wait_until_all_run(queue, count)
        for handle in handles:
            await asyncio.sleep(GAP_SECONDS)
            moments[handle.id] = monotonic_ns()
            await handle.cancel()
        await asyncio.sleep(1)
    tell(moments=moments)


if __name__ == "__main__":
    start(main(**arguments()))
