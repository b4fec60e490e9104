"""What happens where transactions overlap, on each server."""

import asyncio
import logging
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from errands import Errands, JobContext
from tests.integration.servers.callers import a_connection


async def test_a_write_that_waits_for_a_callers_lock_warns_and_is_done(
    app: Errands, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    job = await app.queue().add("x", delay=3600)
    lock = sa.text("SELECT id FROM errands_job WHERE id = :id FOR UPDATE")

    async with a_connection("Connection", url) as caller:
        caller.execute(lock, {"id": job.id})
        with caplog.at_level(logging.WARNING, "errands.server"):
            promoting = asyncio.ensure_future(job.promote())
            await asyncio.sleep(5)
            assert not promoting.done()
            caller.rollback()
            await asyncio.wait_for(promoting, 10)

    assert (await job.refresh()).status == "waiting"
    assert "a write has waited" in caplog.text


async def test_fifty_adds_of_one_id_make_one_job(app: Errands, url: str) -> None:
    others = [Errands(url) for _ in range(3)]
    for other in others:
        await other.initialize()

    everybody = [app, *others]
    added = await asyncio.gather(
        *(everybody[n % 4].queue().add("x", n, job_id="one") for n in range(50))
    )

    assert sum(job.is_new for job in added) == 1
    assert len({job.data for job in added}) == 1
    assert len((await app.queue().jobs()).jobs) == 1
    for other in others:
        await other.shutdown()


async def test_bulk_adds_of_the_same_ids_in_opposite_orders_all_succeed(
    app: Errands, url: str
) -> None:
    async with Errands(url) as other:
        ids = [f"job-{n}" for n in range(200)]
        for turn in range(5):
            members: list[Any] = [
                ("x", n, {"job_id": f"{turn}-{id_}"}) for n, id_ in enumerate(ids)
            ]
            both = await asyncio.gather(
                app.queue().add_many(members), other.queue().add_many(members[::-1])
            )
            assert sum(job.is_new for jobs in both for job in jobs) == 200


async def test_events_of_overlapping_transactions_are_all_read(app: Errands, url: str) -> None:
    """Readers follow the log while several processes' worth of writers commit out of order."""
    seen: list[str | None] = []
    async with Errands(url) as other, Errands(url) as third:

        async def read() -> None:
            async for event in app.queue().events(after=0, types=["added"]):
                seen.append(event.job_id)
                if len(seen) == 600:
                    return

        reading = asyncio.ensure_future(read())
        added = await asyncio.gather(
            *(
                writer.queue().add("x", job_id=f"{number}-{n}")
                for number, writer in enumerate((app, other, third))
                for n in range(200)
            )
        )
        await asyncio.wait_for(reading, 30)

    assert sorted(map(str, seen)) == sorted(job.id for job in added)


async def test_workers_of_many_queues_run_each_job_once(app: Errands, url: str) -> None:
    runs: list[str] = []
    lock = threading.Lock()

    async def note(context: JobContext) -> None:
        with lock:
            runs.append(context.id)

    async with Errands(url) as other:
        jobs = await app.queue().add_many([("x", n) for n in range(400)])
        async with (
            app.worker("default", processor=note, concurrency=20),
            other.worker("default", processor=note, concurrency=20),
        ):
            for job in jobs:
                await job.result(timeout=30)

    assert sorted(runs) == sorted(job.id for job in jobs)
