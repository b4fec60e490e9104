"""Databases to move between, and a queue that has lived."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs

from errands import Errands, JobContext, PermanentFailure
from errands.testing import run_until_idle
from tests import servers, stores

FAR: Final = datetime(2099, 1, 1, tzinfo=UTC)
KINDS: Final = ("sqlite", *stores.SERVERS)
"""What a queue can move into."""


@attrs.define
class Houses:
    """Makes empty databases, each a new one; the servers' are dropped in the end."""

    folder: Path
    stack: ExitStack = attrs.field(factory=ExitStack)
    made: int = 0

    def new(self, kind: str) -> str:
        """The URL of a database that has nothing in it, or does not exist."""
        self.made += 1
        if kind == "sqlite":
            return f"sqlite:///{self.folder}/house-{self.made}.db"
        found = servers.server(kind)
        return found.url_of(self.stack.enter_context(found.database("errands_move")))


def houses(folder: Path) -> Iterator[Houses]:
    """For the length of a test."""
    made = Houses(folder)
    with made.stack:
        yield made


def live(url: str, *, runs: int = 5, waits: int = 5) -> None:
    """Let jobs come to the places that a job can be in."""
    asyncio.run(_live(Errands(url), runs, waits))


async def _live(app: Errands, runs: int, waits: int) -> None:
    @app.handler("good")
    async def good(data: Any, context: JobContext) -> dict[str, Any]:
        await context.log(f"line {data} ü 🐘")
        await context.update_progress({"part": data})
        await context.save_state([data])
        return {"got": data, "float": 1.5, "text": 'a"b\\c\u2028'}

    @app.handler("bad")
    async def bad(data: Any) -> None:
        raise PermanentFailure("no")

    async with app:
        queue = app.queue()
        await queue.add_many([("good", number) for number in range(runs)])
        await queue.add("bad")
        await run_until_idle(app)
        await app.queue("äußere/🐘").add_many(
            [("good", "x" * 200, {"priority": n % 3, "tags": ["a", "b"]}) for n in range(waits)]
        )
        await queue.add("good", delay=3_600, metadata={"z": [None, True], "a": 0.1})
        await queue.add("good", lifo=True, deadline=FAR)
        await (await queue.add("good", delay=60)).cancel("no need")
        await app.queue("paused").pause()
