"""A worker whose handlers run until cancelled and note the moment of it."""

from __future__ import annotations

import asyncio
from time import monotonic_ns
from typing import Any

from tests.benchmarks.jobs import NAME, QUEUE, application
from tests.benchmarks.programs.talk import Words, arguments, start, tell


async def main(url: str, concurrency: int) -> None:
    """Say ready, work until told to stop, tell the moments by job id."""
    moments: dict[str, int] = {}
    async with application(url) as app:

        @app.handler(NAME, queue=QUEUE)
        async def until_cancelled(data: Any, context: Any) -> None:
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                moments[context.id] = monotonic_ns()
                raise

        words = Words()
        async with app.worker(concurrency=concurrency):
            tell(ready=True)
            await words.next()
    tell(moments=moments)


if __name__ == "__main__":
    start(main(**arguments()))
