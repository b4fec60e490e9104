"""D0: add to handler in one process, and as often the same on bare means.

A bare hop is the transaction of an add, an event set, and a SELECT by the coroutine that it
wakes.
"""

from __future__ import annotations

import asyncio
from time import monotonic_ns
from typing import Any

from errands import Queue
from errands.infrastructure.persistence.sql.sqlite.driver import Connection, connect
from tests.benchmarks.jobs import NAME, QUEUE, application, data
from tests.benchmarks.programs.talk import arguments, start, tell
from tests.benchmarks.recording import Step, run_steps, taped, transactions

WARMING = 5
"""Turns before the first that counts."""


async def recorded_adds(path: str, count: int) -> list[list[Step]]:
    """The transactions of so many single adds to a database of their own."""
    with taped() as steps:
        async with application(path) as app:
            queue = app.queue(QUEUE)
            await queue.add(NAME, data())
            steps.clear()
            for _ in range(count):
                await queue.add(NAME, data())
    return transactions(steps)


class BareHop:
    """Two coroutines and one connection; each hop runs the transaction of a recorded add."""

    def __init__(self, connection: Connection, adds: list[list[Step]]) -> None:
        self._connection = connection
        self._adds = iter(adds)
        self._arrived = asyncio.Event()

    async def take(self) -> float:
        """One hop, in milliseconds."""
        reading = asyncio.ensure_future(self._read())
        await asyncio.sleep(0)
        began = monotonic_ns()
        run_steps(self._connection, next(self._adds))
        self._arrived.set()
        return (await reading - began) / 1e6

    async def _read(self) -> int:
        await self._arrived.wait()
        self._arrived.clear()
        query = "SELECT * FROM errands_job ORDER BY key DESC LIMIT 1"
        self._connection.execute(query).fetchone()
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


async def main(path: str, tape_path: str, bare_path: str, count: int, gap: float) -> None:
    """Run a worker and a producer on one loop, and bare hops between the adds."""
    delays: list[float] = []
    adds = await recorded_adds(tape_path, WARMING + count)
    bare = BareHop(connect(bare_path, synchronous="NORMAL"), adds)
    async with application(path) as app:

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
