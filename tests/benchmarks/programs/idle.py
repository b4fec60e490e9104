"""An idle worker that tells what it costs."""

from __future__ import annotations

import asyncio
import resource
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from tests.benchmarks.jobs import NAME, QUEUE, application
from tests.benchmarks.programs.talk import arguments, start, tell

SETTLING_SECONDS = 1.0


def resident_megabytes() -> float:
    """Memory in use now; where the system does not say, the most there ever was."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most / 1e3


async def main(url: str, seconds: float, queue: str = QUEUE) -> None:
    """Start, settle, then measure for so many seconds."""
    async with application(url) as app:

        @app.handler(NAME, queue=queue)
        async def no_op(data: Any, context: Any) -> None:
            """Nothing comes."""

        async with app.worker():
            await asyncio.sleep(min(SETTLING_SECONDS, seconds))
            spent, began = process_time(), perf_counter()
            await asyncio.sleep(seconds)
            share = (process_time() - spent) / (perf_counter() - began)
            megabytes = resident_megabytes()
    tell(cpu_percent=100 * share, megabytes=megabytes)


if __name__ == "__main__":
    start(main(**arguments()))
