"""Many programs that add, in one process: each one job after the other, on its own connections."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from time import perf_counter

from errands import Errands, Queue
from tests.benchmarks.jobs import NAME, QUEUE, data
from tests.benchmarks.programs.talk import Words, arguments, start, tell


async def add_until(queue: Queue, end: float) -> list[float]:
    """Add until then; the milliseconds of each add."""
    taken: list[float] = []
    payload = data()
    while (began := perf_counter()) < end:
        await queue.add(NAME, payload)
        taken.append(1e3 * (perf_counter() - began))
    return taken


async def main(url: str, count: int, seconds: float) -> None:
    """Say ready, add for so many seconds from the first word on, tell what each add took."""
    words = Words()
    async with AsyncExitStack() as open_ones:
        queues: list[Queue] = []
        for _ in range(count):
            app = await open_ones.enter_async_context(Errands(url, connections=1))
            queues.append(app.queue(QUEUE))
            await queues[-1].add(NAME, data())
        tell(ready=True)
        await words.next()
        end = perf_counter() + seconds
        taken = await asyncio.gather(*(add_until(queue, end) for queue in queues))
        tell(milliseconds=[each for list_ in taken for each in list_])
        await words.next()


if __name__ == "__main__":
    start(main(**arguments()))
