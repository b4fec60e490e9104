"""A worker with a handler that does nothing, until told to stop or done with its share."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.benchmarks.jobs import NAME, QUEUE, application
from tests.benchmarks.programs.talk import Words, arguments, start, tell
from tests.benchmarks.recording import recorded


async def main(
    url: str, concurrency: int | None = None, share: int | None = None, record: str | None = None
) -> None:
    """Say ready, work from the first word to the next, then tell how many runs began."""
    runs, is_done = 0, asyncio.Event()
    with recorded(url, record) as recorder:
        async with application(url) as app:

            @app.handler(NAME, queue=QUEUE)
            async def no_op(data: Any, context: Any) -> None:
                nonlocal runs
                runs += 1
                if runs == share:
                    is_done.set()

            words = Words()
            tell(ready=True)
            await words.next()
            if recorder is not None:
                recorder.begin()
            async with app.worker(concurrency=concurrency):
                waits = [asyncio.ensure_future(words.next()), asyncio.ensure_future(is_done.wait())]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    tell(runs=runs)


if __name__ == "__main__":
    given = arguments()
    uses_uvloop = bool(given.pop("uvloop", False))
    start(main(**given), uvloop=uses_uvloop)
