"""D0: add to handler in one process, and as often the same on bare means.

A bare hop is the transaction of an add, an event set, and a SELECT by the coroutine that it
wakes.
"""

from __future__ import annotations

import asyncio
from time import monotonic_ns
from typing import Any

from errands import Queue
from tests.benchmarks.jobs import NAME, QUEUE, application, data
from tests.benchmarks.programs.talk import arguments, start, tell
from tests.benchmarks.stores.catalogue import store_of
from tests.benchmarks.stores.store import Store, Transaction

WARMING = 5
"""Turns before the first that counts."""


async def recorded_adds(store: Store, url: str, count: int) -> list[Transaction]:
    """The transactions of so many single adds to a database of their own."""
    with store.taped() as tape:
        async with application(url) as app:
            queue = app.queue(QUEUE)
            await queue.add(NAME, data())
            tape.clear()
            for _ in range(count):
                await queue.add(NAME, data())
    return tape.transactions


class BareHop:
    """Two coroutines and one connection; each hop runs the transaction of a recorded add."""

    def __init__(self, store: Store, url: str, adds: list[Transaction]) -> None:
        self._store = store
        self._connection = store.connect(url)
        self._adds = iter(adds)
        self._arrived = asyncio.Event()

    async def take(self) -> float:
        """One hop, in milliseconds."""
        reading = asyncio.ensure_future(self._read())
        await asyncio.sleep(0)
        began = monotonic_ns()
        self._store.run(self._connection, next(self._adds))
        self._arrived.set()
        return (await reading - began) / 1e6

    async def _read(self) -> int:
        await self._arrived.wait()
        self._arrived.clear()
        self._store.read_newest(self._connection)
        return monotonic_ns()


async def hop_in_turns(queue: Queue, bare: BareHop, count: int, gap: float) -> list[float]:
    """Add and hop in turns, a gap before each; the bare hops' milliseconds."""
    hops: list[float] = []
    for _ in range(count):
        await asyncio.sleep(gap)
        await queue.add(NAME, data(at=monotonic_ns()))
        await asyncio.sleep(gap)
        hops.append(await bare.take())
    return hops


async def main(url: str, tape_url: str, bare_url: str, count: int, gap: float) -> None:
    """Run a worker and a producer on one loop, and bare hops between the adds."""
    delays: list[float] = []
    store = store_of(url)
    adds = await recorded_adds(store, tape_url, WARMING + count)
    bare = BareHop(store, bare_url, adds)
    async with application(url) as app:

        @app.handler(NAME, queue=QUEUE)
        async def note(data: dict[str, Any], context: Any) -> None:
            delays.append((monotonic_ns() - data["at"]) / 1e6)

        async with app.worker():
            await hop_in_turns(app.queue(QUEUE), bare, WARMING, gap)
            delays.clear()
            hops = await hop_in_turns(app.queue(QUEUE), bare, count, gap)
    tell(delays=delays, hops=hops)


if __name__ == "__main__":
    start(main(**arguments()))
