"""One round of a scheduler that finds nothing to do."""

from __future__ import annotations

from time import perf_counter

from tests.benchmarks.jobs import application
from tests.benchmarks.programs.talk import arguments, start, tell


async def main(url: str) -> None:
    """Tell how long it takes."""
    async with application(url) as app:
        scheduler = app.scheduler()
        await scheduler.sweep()
        began = perf_counter()
        await scheduler.sweep()
        tell(milliseconds=1e3 * (perf_counter() - began))


if __name__ == "__main__":
    start(main(**arguments()))
