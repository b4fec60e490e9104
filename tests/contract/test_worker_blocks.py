"""Workers as blocks that are broken off, and tasks that wait for them."""

import asyncio
from typing import Any

import pytest

from errands import Errands, StoreNotOpen


async def test_a_worker_whose_block_is_cancelled_as_it_begins_works_no_more(app: Errands) -> None:
    @app.handler("x")
    async def nothing(data: Any) -> None:
        pass

    worker = app.worker(scheduler=False)

    async def use() -> None:
        async with worker:
            await asyncio.sleep(60)

    using = asyncio.ensure_future(use())
    await asyncio.sleep(0)
    using.cancel()
    with pytest.raises(asyncio.CancelledError):
        await using

    assert not worker.is_running


async def test_pausing_returns_when_the_worker_has_ended_with_jobs_left(url: str) -> None:
    began = asyncio.Event()

    async def process(context: Any) -> None:
        began.set()
        await asyncio.sleep(0.3)

    app = await Errands(url).initialize()
    await app.queue().add("x")
    worker = app.worker("default", processor=process, scheduler=False)
    running = asyncio.ensure_future(worker.run(handle_signals=False))
    await began.wait()
    pausing = asyncio.ensure_future(worker.pause())
    await asyncio.sleep(0)
    await app.shutdown()

    with pytest.raises(StoreNotOpen):
        await asyncio.wait_for(running, 10)
    assert worker.left == 1
    await asyncio.wait_for(pausing, 1)
