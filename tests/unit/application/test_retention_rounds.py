"""Retention over more queues than fit in one round."""

import asyncio

from errands import Errands, JobContext, JobStatus
from errands.core.application.scheduling.retention import QUEUES_A_ROUND
from errands.testing import run_until_idle
from tests.faults.looking import until

NAMES = [f"tenant-{number:04}" for number in range(2 * QUEUES_A_ROUND + 50)]


async def test_every_one_of_very_many_queues_has_its_turn() -> None:
    app = Errands("memory://", retention_every=0.001)

    async def end(data: object, context: JobContext) -> None:
        pass

    for name in NAMES:
        app.handler("x", queue=name)(end)
    async with app:
        for name in NAMES:
            await app.queue(name).add_many([("x", None, {"keep_completed": 1})] * 2)
        await run_until_idle(app)
        assert await _completed(app, NAMES[0]) == 2

        scheduler = app.scheduler()
        running = asyncio.ensure_future(scheduler.run())
        await until(lambda: _completed(app, NAMES[0]), 1)
        await until(lambda: _completed(app, NAMES[-1]), 1)
        await scheduler.close()
        await running

        assert [await _completed(app, name) for name in NAMES] == [1] * len(NAMES)


async def _completed(app: Errands, name: str) -> int:
    return (await app.queue(name).counts())[JobStatus.COMPLETED].value
