"""A producer that adds to many queues in turn, each job with the moment of its add call."""

from __future__ import annotations

import asyncio
from time import monotonic_ns

from tests.benchmarks.jobs import NAME, application, data
from tests.benchmarks.programs.talk import arguments, start, tell
from tests.benchmarks.scale.names import ALL

SETTLING_SECONDS = 1.0
STRIDE = 7_919
"""A prime: the queues come in an order that no worker's rotation has."""


async def main(url: str, queues: int, gap: float, count: int) -> None:
    """Add one job to warm up and `count` more, a gap before each; wait a moment; tell."""
    async with application(url) as app:
        for number in range(count + 1):
            queue = app.queue(ALL.format(number * STRIDE % queues))
            await queue.add(NAME, data(at=monotonic_ns()))
            await asyncio.sleep(gap)
        await asyncio.sleep(SETTLING_SECONDS)
    tell(added=count)


if __name__ == "__main__":
    start(main(**arguments()))
