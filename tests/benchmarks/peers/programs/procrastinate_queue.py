"""procrastinate on PostgreSQL, woken by LISTEN."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

from async_acts import play
from procrastinate import App, PsycopgConnector

CONCURRENCY = 20


class ProcrastinateQueue:
    """One task."""

    def __init__(self, url: str) -> None:
        self._app = App(connector=PsycopgConnector(conninfo=url, max_size=CONCURRENCY + 4))
        self._handle: Callable[[Any], None] = print
        self._task = self._app.task(name="no_op")(self._run)

    async def _run(self, given: dict[str, Any]) -> None:
        self._handle(given)

    async def __aenter__(self) -> Self:
        await self._app.open_async()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._app.close_async()

    async def prepare(self) -> None:
        await self._app.schema_manager.apply_schema_async()

    async def add(self, given: dict[str, Any]) -> None:
        await self._task.defer_async(given=given)

    async def add_many(self, many: list[dict[str, Any]]) -> None:
        await self._task.batch_defer_async(*({"given": given} for given in many))

    async def left(self) -> int:
        query = "SELECT count(*) AS n FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
        return int((await self._app.connector.execute_query_one_async(query))["n"])

    @asynccontextmanager
    async def working(
        self, handle: Callable[[Any], None], settings: str, concurrency: int | None
    ) -> AsyncGenerator[None]:
        self._handle = handle
        worker = asyncio.create_task(
            self._app.run_worker_async(
                concurrency=concurrency or CONCURRENCY, install_signal_handlers=False
            )
        )
        try:
            yield
        finally:
            worker.cancel()
            await asyncio.wait([worker])


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    play(ProcrastinateQueue, ["procrastinate", "psycopg"])
