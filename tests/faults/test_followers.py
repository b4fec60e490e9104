"""Several readers of events in one program, beside writers that commit out of order."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from errands import Errands, EventType
from errands.infrastructure.persistence.sql.server import horizon
from tests.faults.site import Site

WRITERS = 4
AT_ONCE = 10
FOLLOWERS = 3
LONGEST_WAIT = horizon.LONGEST_WAIT


@pytest.mark.parametrize("events", [2_000, pytest.param(30_000, marks=pytest.mark.long)])
@pytest.mark.timeout(600)
async def test_followers_of_one_program_skip_no_event(site: Site, events: int) -> None:
    def write(_: int) -> None:
        with Errands(site.url).sync as writer:
            for _ in range(events // WRITERS // AT_ONCE):
                writer.queue().add_many([("x", None)] * AT_ONCE)

    async def follow() -> list[int]:
        read: list[int] = []
        async for event in app.queue().events(after=0):
            read.append(event.id)
            if event.type is EventType.ADDED and event.data == {"name": "last"}:
                break
        return read

    async with Errands(site.url) as app:
        followers = [asyncio.ensure_future(follow()) for _ in range(FOLLOWERS)]
        with ThreadPoolExecutor(WRITERS) as threads:
            loop = asyncio.get_running_loop()
            await asyncio.gather(*(loop.run_in_executor(threads, write, n) for n in range(WRITERS)))
        await app.queue().add("last")
        async with asyncio.timeout(300):
            all_read = await asyncio.gather(*followers)

    written = [row[0] for row in site.run("SELECT id FROM errands_event ORDER BY id")]
    assert len(written) == events + 1
    for read in all_read:
        assert read == written
