"""A worker that serves many queues: what it costs idle, and how soon and how fast it runs."""

from __future__ import annotations

import asyncio
from time import monotonic_ns, perf_counter, process_time
from typing import Any

from errands import Errands
from tests.benchmarks.jobs import NAME, application
from tests.benchmarks.programs.talk import Words, arguments, start, tell
from tests.benchmarks.scale.names import ALL

SETTLING_SECONDS = 1.0


class Runs:
    """Counts runs and notes their delays, in milliseconds."""

    def __init__(self, share: int | None) -> None:
        self.delays: list[float] = []
        self.moments: list[float] = []
        self.is_done = asyncio.Event()
        self._share = share

    async def note(self, data: dict[str, Any], context: Any) -> None:
        """The handler of every queue."""
        self.moments.append(perf_counter())
        if "at" in data:
            self.delays.append((monotonic_ns() - data["at"]) / 1e6)
        if len(self.moments) == self._share:
            self.is_done.set()


async def cpu_percent(seconds: float) -> float:
    """The share of a core that this process takes for so many seconds."""
    await asyncio.sleep(min(SETTLING_SECONDS, seconds))
    spent, began = process_time(), perf_counter()
    await asyncio.sleep(seconds)
    return 100 * (process_time() - spent) / (perf_counter() - began)


async def main(
    url: str, queues: int, seconds: float, concurrency: int, share: int | None = None
) -> None:
    """Drain a share and tell its speed; or tell the cost of idling, then delays, then stop."""
    runs, app = Runs(share), application(url)
    _register(app, runs, queues)
    async with app, app.worker(concurrency=concurrency):
        if share is not None:
            await runs.is_done.wait()
            took = runs.moments[-1] - runs.moments[0]
            tell(jobs_a_second=len(runs.moments) / max(took, 1e-3))
            return
        words = Words()
        tell(cpu_percent=await cpu_percent(seconds))
        await words.next()
        tell(delays=runs.delays)
        await words.next()


def _register(app: Errands, runs: Runs, queues: int) -> None:
    for number in range(queues):
        app.handler(NAME, queue=ALL.format(number))(runs.note)


if __name__ == "__main__":
    start(main(**arguments()))
