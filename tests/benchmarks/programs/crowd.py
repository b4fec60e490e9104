"""J: many long handlers at once, each with progress every second; how late the loop turns."""

from __future__ import annotations

import asyncio
from time import perf_counter, process_time
from typing import Any

from tests.benchmarks.jobs import NAME, QUEUE, application, data
from tests.benchmarks.programs.talk import arguments, start, tell

TICK_SECONDS = 0.01


async def tick(delays: list[float]) -> None:
    """Note, every 10 ms, how many milliseconds later than asked the loop comes back."""
    while True:
        began = perf_counter()
        await asyncio.sleep(TICK_SECONDS)
        delays.append(1e3 * (perf_counter() - began - TICK_SECONDS))


async def main(url: str, handlers: int, seconds: float) -> None:
    """Run them all and tell the loop's delays, progress writes a second and CPU."""
    delays: list[float] = []
    ended, is_over = 0, asyncio.Event()
    async with application(url) as app:

        @app.handler(NAME, queue=QUEUE)
        async def long(data: Any, context: Any) -> None:
            nonlocal ended
            began = perf_counter()
            while (left := began + seconds - perf_counter()) > 0:
                await context.update_progress(round(100 * (1 - left / seconds)))
                await asyncio.sleep(min(1.0, left))
            ended += 1
            if ended == handlers:
                is_over.set()

        await app.queue(QUEUE).add_many((NAME, data()) for _ in range(handlers))
        ticking = asyncio.ensure_future(tick(delays))
        spent, began = process_time(), perf_counter()
        async with app.worker(concurrency=handlers):
            await is_over.wait()
            took, cpu = perf_counter() - began, process_time() - spent
        ticking.cancel()
    tell(delays=delays, seconds=took, cpu_percent=100 * cpu / took)


if __name__ == "__main__":
    start(main(**arguments()))
