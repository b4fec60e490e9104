"""The acts of a peer whose API is awaited.

A queue is an async context manager with `prepare()`, `add(data)`, `add_many(list)`, `left()`, the
number of jobs that are not settled yet, and `working(handle, settings, concurrency)`, an async
context manager inside which a worker runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from time import monotonic, monotonic_ns, perf_counter
from typing import Any

from talk import Runs, arguments, data, hear, tell, tell_versions

POLL_SECONDS = 0.002


async def next_word() -> str:
    """The harness's next word, while the worker goes on."""
    return await asyncio.to_thread(hear)


async def add(queue: Any, count: int) -> None:
    """A: one add after the other, after one to warm up."""
    payload = data()
    await queue.add(payload)
    started = perf_counter()
    for _ in range(count):
        await queue.add(payload)
    tell(seconds=perf_counter() - started)


async def fill(queue: Any, count: int) -> None:
    """B: all at once."""
    many = [data() for _ in range(count)]
    started = perf_counter()
    await queue.add_many(many)
    tell(seconds=perf_counter() - started)


async def drain(queue: Any, count: int, settings: str, concurrency: int | None) -> None:
    """C: from the first start to the last settlement."""
    runs = Runs(count, asyncio.Event())
    tell(ready=True)
    hear()
    async with queue.working(runs.handle, settings, concurrency):
        await runs.all_started.wait()
        while await queue.left():  # noqa: ASYNC110 - a store tells nobody
            await asyncio.sleep(POLL_SECONDS)
        tell(seconds=perf_counter() - runs.first, runs=runs.count)


async def meet(queue: Any, settings: str) -> None:
    """D: how long each job took from its add call to its handler, in milliseconds."""
    delays: list[float] = []

    def note(given: dict[str, Any]) -> None:
        delays.append((monotonic_ns() - given["at"]) / 1e6)

    async with queue.working(note, settings, None):
        tell(ready=True)
        await next_word()
        tell(delays=delays)


async def work(queue: Any, settings: str) -> None:
    """E: run what comes until told to stop."""
    runs = Runs(None, asyncio.Event())
    async with queue.working(runs.handle, settings, None):
        tell(ready=True)
        await next_word()
        tell(runs=runs.count)


async def produce(queue: Any, gap: float, count: int | None, seconds: float | None) -> None:
    """D and E: add with a gap, or for some seconds; then tell what is left."""
    await queue.add(data(at=monotonic_ns()))
    tell(ready=True)
    hear()
    added, end = 0, None if seconds is None else monotonic() + seconds
    while added != count and (end is None or monotonic() < end):
        if gap:
            await asyncio.sleep(gap)
        await queue.add(data(at=monotonic_ns()))
        added += 1
    tell(added=added + 1, left=await queue.left())


ACTS = {"add": add, "fill": fill, "drain": drain, "meet": meet, "work": work, "produce": produce}


async def act_out(open_queue: Callable[[str], Any], act: str, given: dict[str, Any]) -> None:
    """Run one act on an open queue."""
    async with open_queue(given.pop("url")) as queue:
        if act == "prepare":
            await queue.prepare()
            tell(done=True)
        else:
            await ACTS[act](queue, **given)


def play(
    open_queue: Callable[[str], Any],
    packages: Sequence[str],
    run: Callable[[Coroutine[Any, Any, None]], Any] = asyncio.run,
) -> None:
    """Run the act that the command line names."""
    given = arguments()
    act = given.pop("act")
    if act == "versions":
        tell_versions(packages)
        return
    run(act_out(open_queue, act, given))
