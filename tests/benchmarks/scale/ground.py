"""A database that grows, and what every measure in it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import attrs

from errands import JobContext
from tests.benchmarks.jobs import NAME, QUEUE, application, data
from tests.benchmarks.scale.names import IDLE, MODELS, TOLD
from tests.benchmarks.scale.quiet import Quiet
from tests.benchmarks.scale.rows import Copies, Rows
from tests.benchmarks.scale.sizes import Sizes
from tests.benchmarks.stores.postgresql import Postgresql

Found = Iterator[tuple[str, float, str]]
"""Measures of one point: what, how much, in which unit."""


@attrs.frozen(eq=False)
class Run:
    """How much is measured, beside whom, and how it is told how far it is."""

    sizes: Sizes
    quiet: Quiet
    say: Callable[[str], None]


@attrs.frozen(eq=False, kw_only=True)
class Ground:
    """A database, and the jobs that others are copied from."""

    run: Run
    store: Postgresql
    url: str
    completed: str
    waiting: str

    @property
    def sizes(self) -> Sizes:
        """How much is measured."""
        return self.run.sizes

    @property
    def rows(self) -> Rows:
        """Makes rows in it."""
        run = self.run
        return Rows(self.store, self.url, self.sizes.chunk, run.say, run.quiet.step_aside)

    def look(self, query: str, *parameters: Any) -> list[Any]:
        """The rows of a query."""
        return self.store.look(self.url, query, *parameters)

    def one(self, query: str, *parameters: Any) -> Any:
        """The one value that a query gives."""
        [(value,)] = self.look(query, *parameters)
        return value

    def finish(self, count: int, *, queue: str = QUEUE, queues: int = 1) -> None:
        """Add finished jobs with their events; many of them without the indexes in between."""
        if count:
            copies = Copies(model=self.completed, count=count, queue=queue, queues=queues)
            self.rows.make(copies, bare=count > self.sizes.chunk)

    def wait(self, count: int, *, queue: str = QUEUE, queues: int = 1) -> None:
        """Add waiting jobs."""
        if count:
            copies = Copies(model=self.waiting, count=count, queue=queue, queues=queues, days=0.001)
            self.rows.make(copies, bare=count > self.sizes.chunk)


def ground(store: Postgresql, url: str, run: Run) -> Ground:
    """A database with nothing in it but two models: a job that has run, and one that waits."""
    completed, waiting = asyncio.run(_models(url))
    with closing(store.connect(url)) as connection:
        connection.execute(
            f"CREATE TABLE {TOLD} AS SELECT * FROM errands_event WHERE queue = '{MODELS}'"
        )
    return Ground(run=run, store=store, url=url, completed=completed, waiting=waiting)


async def _models(url: str) -> tuple[str, str]:
    async with application(url) as app:
        queue = app.queue(MODELS)

        async def answer(context: JobContext) -> dict[str, bool]:
            return {"ok": True}

        done = await queue.add(NAME, data())
        async with app.worker(MODELS, processor=answer):
            await done.result(timeout=60)
        waits = await queue.add(NAME, data())
        await app.queue(QUEUE).add(NAME, data())
        await app.queue(IDLE).pause()
        await app.queue(IDLE).resume()
        return str(done.id), str(waits.id)
