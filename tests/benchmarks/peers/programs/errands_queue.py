"""Errands through its public API, on any store that it can open."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

from async_acts import play
from sqlalchemy import create_engine, text
from talk import FULL

from errands import Errands

CONCURRENCY = 500
IDLE_CONCURRENCY = 10


class ErrandsQueue:
    """One handler; a worker runs on the same event loop as the acts."""

    def __init__(self, url: str) -> None:
        self._url = url if "://" in url else f"sqlite:///{url}"
        self._app = Errands(self._url)
        self._queue = self._app.queue("bench")
        self._handle: Callable[[Any], None] = print
        self._app.handler("no-op", queue="bench")(self._run)

    async def _run(self, given: Any, context: Any) -> None:
        self._handle(given)

    async def __aenter__(self) -> Self:
        await self._app.initialize()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._app.shutdown()

    async def prepare(self) -> None:
        """Initializing has migrated the database."""

    async def add(self, given: dict[str, Any]) -> None:
        await self._queue.add("no-op", given)

    async def add_many(self, many: list[dict[str, Any]]) -> None:
        await self._queue.add_many(("no-op", given) for given in many)

    async def left(self) -> int:
        # Not `counts()`, which stops counting where it has seen enough.
        engine = create_engine(self._url.replace("postgresql:", "postgresql+psycopg:", 1))
        query = text("SELECT count(*) FROM errands_job WHERE finished_at IS NULL")
        with engine.connect() as connection:
            count = int(connection.execute(query).scalar_one())
        engine.dispose()
        return count

    @asynccontextmanager
    async def working(
        self, handle: Callable[[Any], None], settings: str, concurrency: int | None
    ) -> AsyncGenerator[None]:
        self._handle = handle
        # As `errands worker` does.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        slots = concurrency or (CONCURRENCY if settings == FULL else IDLE_CONCURRENCY)
        async with self._app.worker(concurrency=slots):
            yield


def run(main: Coroutine[Any, Any, None]) -> None:
    """On uvloop (extra `speed`) where it is installed."""
    with suppress(ModuleNotFoundError):
        import uvloop

        uvloop.run(main)
        return
    asyncio.run(main)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    play(ErrandsQueue, ["errands", "sqlalchemy", "psycopg", "uvloop"], run)
