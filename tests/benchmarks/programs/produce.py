"""A producer with a gap between its adds; each job carries the moment of its add call."""

from __future__ import annotations

import asyncio
from time import monotonic, monotonic_ns

from tests.benchmarks.jobs import NAME, QUEUE, application, data
from tests.benchmarks.programs.talk import Words, arguments, start, tell


async def main(
    url: str,
    gap: float = 0.0,
    count: int | None = None,
    seconds: float | None = None,
    queue: str = QUEUE,
) -> None:
    """Say ready, then add `count` jobs or for so many seconds, and tell how many."""
    async with application(url) as app:
        to, words = app.queue(queue), Words()
        await to.add(NAME, data(at=monotonic_ns()))
        tell(ready=True)
        await words.next()
        added, end = 0, None if seconds is None else monotonic() + seconds
        while added != count and (end is None or monotonic() < end):
            if gap:
                await asyncio.sleep(gap)
            await to.add(NAME, data(at=monotonic_ns()))
            added += 1
    tell(added=added)


if __name__ == "__main__":
    start(main(**arguments()))
