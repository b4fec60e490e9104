"""oban on PostgreSQL with orjson and uvloop, as its command line runs it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

import orjson
import uvloop
from async_acts import play
from oban import Oban, worker
from oban.schema import install
from psycopg.types.json import set_json_dumps, set_json_loads
from talk import FULL

LIMIT = 100
IDLE_LIMIT = 10

handlers: list[Callable[[Any], None]] = []


@worker(queue="default")
class NoOp:
    """The handler, found by its name."""

    async def process(self, job: Any) -> None:
        handlers[-1](job.args)


class ObanQueue:
    """A client for adding, and a server while a worker is wanted."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> Self:
        set_json_dumps(orjson.dumps)
        set_json_loads(orjson.loads)
        self._pool = await Oban.create_pool(self._url)
        self._client = Oban(pool=self._pool)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    async def prepare(self) -> None:
        await install(self._pool)

    async def add(self, given: dict[str, Any]) -> None:
        await self._client.enqueue(NoOp.new(given))

    async def add_many(self, many: list[dict[str, Any]]) -> None:
        await self._client.enqueue_many(NoOp.new(given) for given in many)

    async def left(self) -> int:
        query = "SELECT count(*) FROM oban_jobs WHERE state IN ('available', 'executing')"
        async with self._pool.connection() as connection:
            [count] = await (await connection.execute(query)).fetchone()
        return int(count)

    @asynccontextmanager
    async def working(
        self, handle: Callable[[Any], None], settings: str, concurrency: int | None
    ) -> AsyncGenerator[None]:
        handlers.append(handle)
        limit = concurrency or (LIMIT if settings == FULL else IDLE_LIMIT)
        async with Oban(pool=self._pool, name="worker", queues={"default": limit}):
            yield


if __name__ == "__main__":
    play(ObanQueue, ["oban", "psycopg", "orjson", "uvloop"], uvloop.run)
