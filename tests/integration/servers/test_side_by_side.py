"""What happens where transactions overlap, on each server."""

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from errands import Errands, JobContext, StoreBusy
from errands.core.application.use_cases.maintain import expire_leases, expire_watched
from errands.core.application.use_cases.report import renew
from errands.core.ports.lease_repository import Held, Renewal
from tests.contract.steps import claim_and_vanish
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


async def test_a_lease_is_prolonged_although_somebody_has_locked_its_job(
    app: Errands, url: str
) -> None:
    await app.queue().add_many([("x", None)] * 2)
    jobs = await claim_and_vanish(app, limit=2)
    free, locked = [Held(job.key, job.token or "") for job in jobs]
    store = app.container.store()
    ending, prolonging = [
        partial(renew, held=[free, locked], lease=timedelta(seconds=lease)) for lease in (0, 30)
    ]
    lock = sa.text("SELECT id FROM errands_job WHERE id = :id FOR UPDATE")
    await store.transact(ending)

    async with a_connection("Connection", url) as caller:
        caller.execute(lock, {"id": jobs[1].id})
        prolonged = await store.transact(prolonging)
        caller.rollback()

    assert prolonged == Renewal(frozenset(), frozenset(), locked=frozenset([locked]))
    assert await store.transact(expire_leases) == 0
    assert await store.transact(ending) == Renewal(frozenset(), frozenset())


async def test_a_lease_that_is_renewed_while_it_is_being_taken_is_not_taken(app: Errands) -> None:
    """As where the change of the job waits for something that its renewal does not wait for."""
    await app.queue().add("x")
    [job] = await claim_and_vanish(app)
    store = app.container.store()
    ending, prolonging = [
        partial(renew, held=[Held(job.key, job.token or "")], lease=timedelta(seconds=lease))
        for lease in (0, 30)
    ]
    await store.transact(ending)

    def renewing() -> timedelta:
        with ThreadPoolExecutor() as threads:
            assert threads.submit(store.transact_sync, prolonging).result().locked
        return timedelta(0)

    with pytest.raises(StoreBusy):
        await store.transact(partial(expire_watched, longest=timedelta(hours=1), waited=renewing))

    assert await store.transact(partial(expire_watched, longest=timedelta(hours=1))) == 0
    assert await store.transact(ending) == Renewal(frozenset(), frozenset())


async def test_one_that_ran_out_although_its_job_was_locked_is_taken(
    app: Errands, url: str
) -> None:
    await app.queue().add("x")
    [job] = await claim_and_vanish(app)
    held = Held(job.key, job.token or "")
    store = app.container.store()
    ending = partial(renew, held=[held], lease=timedelta(0))
    lock = sa.text("SELECT id FROM errands_job FOR UPDATE")
    await store.transact(ending)

    async with a_connection("Connection", url) as caller:
        caller.execute(lock)
        assert (await store.transact(ending)).locked == {held}
        caller.rollback()

    assert await store.transact(expire_leases) == 1
