"""A producer: adds jobs as fast as it can and says how long it took."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import perf_counter

from errands import Queue
from tests.benchmarks.jobs import NAME, QUEUE, application, data
from tests.benchmarks.programs.talk import arguments, start, tell
from tests.benchmarks.recording import recorded


async def add_singly(queue: Queue, turns: Iterator[int]) -> None:
    """One add after the other, as many as there are turns."""
    payload = data()
    for _ in turns:
        await queue.add(NAME, payload)


async def add(queue: Queue, count: int, tasks: int) -> float:
    """Add with so many tasks, or all at once with none; seconds taken."""
    members = [(NAME, data()) for _ in range(count)] if tasks == 0 else []
    turns = iter(range(count))
    started = perf_counter()
    if tasks == 0:
        await queue.add_many(members)
    elif tasks == 1:
        await add_singly(queue, turns)
    else:
        await asyncio.gather(*(add_singly(queue, turns) for _ in range(tasks)))
    return perf_counter() - started


async def main(url: str, count: int, tasks: int, record: str | None = None) -> None:
    """Add one job to warm up, then `count`."""
    with recorded(url, record) as recorder:
        async with application(url) as app:
            queue = app.queue(QUEUE)
            await queue.add(NAME, data())
            if recorder is not None:
                recorder.begin()
            seconds = await add(queue, count, tasks)
    tell(seconds=seconds)


if __name__ == "__main__":
    start(main(**arguments()))
