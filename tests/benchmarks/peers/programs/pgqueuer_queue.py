"""pgqueuer on PostgreSQL with asyncpg and uvloop, as its command line runs it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

import asyncpg
import uvloop
from async_acts import play
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries
from talk import FULL

BATCH = 500
IDLE_BATCH = 10


class PgqueuerQueue:
    """One entrypoint; the worker has a connection of its own."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> Self:
        self._connection = await asyncpg.connect(self._url)
        self._queries = Queries(AsyncpgDriver(self._connection))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    async def prepare(self) -> None:
        await self._queries.install()

    async def add(self, given: dict[str, Any]) -> None:
        await self._queries.enqueue("no_op", json.dumps(given).encode())

    async def add_many(self, many: list[dict[str, Any]]) -> None:
        await self._queries.enqueue(
            ["no_op"] * len(many),
            [json.dumps(given).encode() for given in many],
            [0] * len(many),
        )

    async def left(self) -> int:
        return int(await self._connection.fetchval("SELECT count(*) FROM pgqueuer"))

    @asynccontextmanager
    async def working(
        self, handle: Callable[[Any], None], settings: str, concurrency: int | None
    ) -> AsyncGenerator[None]:
        batch = concurrency or (BATCH if settings == FULL else IDLE_BATCH)
        connection = await asyncpg.connect(self._url)
        worker = PgQueuer(AsyncpgDriver(connection))

        @worker.entrypoint("no_op", concurrency_limit=concurrency or 0)
        async def no_op(job: Any) -> None:
            handle(json.loads(job.payload))

        running = asyncio.create_task(worker.run(batch_size=batch))
        try:
            yield
        finally:
            worker.shutdown.set()
            await asyncio.wait([running])
            await connection.close()


if __name__ == "__main__":
    play(PgqueuerQueue, ["pgqueuer", "asyncpg", "uvloop"], uvloop.run)
