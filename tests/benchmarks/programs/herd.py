"""Many workers in one process, each with connections of its own."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from time import monotonic_ns, perf_counter, process_time
from typing import Any

from errands import Errands
from tests.benchmarks.jobs import NAME
from tests.benchmarks.programs.talk import Words, arguments, start, tell

SETTLING_SECONDS = 1.0


async def main(url: str, count: int, queues: list[str], seconds: float) -> None:
    """Idle and tell what that costs, then work until told to stop and tell delays and runs."""
    runs, delays, words = 0, list[float](), Words()

    async def note(data: dict[str, Any], context: Any) -> None:
        nonlocal runs
        runs += 1
        if "at" in data:
            delays.append((monotonic_ns() - data["at"]) / 1e6)

    async with AsyncExitStack() as open_ones:
        for _ in range(count):
            app = await open_ones.enter_async_context(Errands(url, connections=1))
            for queue in queues:
                app.handler(NAME, queue=queue)(note)
            await open_ones.enter_async_context(app.worker())
        await asyncio.sleep(min(SETTLING_SECONDS, seconds))
        tell(ready=True)
        await words.next()
        spent, began = process_time(), perf_counter()
        await asyncio.sleep(seconds)
        tell(cpu_percent=100 * (process_time() - spent) / (perf_counter() - began))
        await words.next()
    tell(delays=delays, runs=runs)


if __name__ == "__main__":
    start(main(**arguments()))
