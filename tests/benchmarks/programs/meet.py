"""A worker that notes how long each job took from its add call to its handler's start."""

from __future__ import annotations

from time import monotonic_ns
from typing import Any

from tests.benchmarks.jobs import NAME, QUEUE, application
from tests.benchmarks.programs.talk import Words, arguments, start, tell


async def main(url: str, queue: str = QUEUE) -> None:
    """Say ready, work until told to stop, tell the delays in milliseconds."""
    delays: list[float] = []
    async with application(url) as app:

        @app.handler(NAME, queue=queue)
        async def note(data: dict[str, Any], context: Any) -> None:
            delays.append((monotonic_ns() - data["at"]) / 1e6)

        words = Words()
        async with app.worker():
            tell(ready=True)
            await words.next()
    tell(delays=delays)


if __name__ == "__main__":
    start(main(**arguments()))
