"""Workers that are killed, frozen or told to stop, each a process of its own."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from errands import Errands, EventType, JobStatus
from tests.faults.crew import Crew, Member
from tests.faults.looking import told, until, until_settled
from tests.faults.site import Site, examined

LEASE = 1.5


@pytest.mark.long
async def test_a_job_whose_worker_is_killed_runs_again_once(site: Site, crew: Crew) -> None:
    async with Errands(site.url) as app:
        job = await app.queue().add("hold")
        first = crew.ready("work", LEASE)
        await first.says(f"started {job.id}")

        first.kill()
        second = crew.ready("work", LEASE)
        await second.says(f"started {job.id}")
        await job.cancel()

        await second.says(f"cancelled {job.id}")
        await until_settled(job)
        assert (job.starts, job.crashes, job.attempts_made) == (2, 1, 0)
        assert await told(app, EventType.STALLED) == {job.id: 1}
        crew.dismiss()
        assert examined(app) == []


@pytest.mark.long
async def test_a_worker_that_dies_of_its_effect_runs_the_job_again_under_the_same_key(
    site: Site, crew: Crew, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    async with Errands(site.url) as app:
        job = await app.queue().add("mark_and_die", str(marks))
        first = crew.ready("work", LEASE)
        assert await first.ends() == -signal.SIGKILL

        crew.ready("work", LEASE)

        assert await job.result(timeout=30) == 2
        assert len(marks.read_text().split()) == 2
        assert len(set(marks.read_text().split())) == 1
        assert (job.crashes, job.attempts_made) == (1, 1)


@pytest.mark.long
async def test_an_effect_in_the_completing_transaction_happens_once_whenever_it_is_killed(
    site: Site, crew: Crew
) -> None:
    site.run("CREATE TABLE effects (job VARCHAR(255))")
    async with Errands(site.url) as app:
        deaths = ["before", "between", "after"] * 2
        jobs = [await app.queue().add("effect", death) for death in deaths]
        worker = crew.start("effects")
        while any([not (await job.refresh()).status.is_terminal for job in jobs]):
            if not worker.is_alive:
                worker = crew.start("effects")
            await asyncio.sleep(0.05)
        crew.dismiss()

        assert Counter(row[0] for row in site.run("SELECT job FROM effects")) == {
            job.id: 1 for job in jobs
        }
        assert {job.status for job in jobs} == {JobStatus.COMPLETED}
        assert all(job.crashes for job, death in zip(jobs, deaths, strict=True) if death != "after")


@pytest.mark.long
async def test_only_outcomes_that_were_not_committed_run_again(site: Site, crew: Crew) -> None:
    async with Errands(site.url) as app:
        queue = app.queue()
        done = await queue.add_many([("finish", 0.0)] * 20)
        worker = crew.ready("work", LEASE, 5)
        for job in done:
            await until_settled(job)
        # All of these end while nothing can be committed.
        caught = await queue.add_many([("finish", 0.5)] * 5)
        await starts(worker, 25)

        with site.frozen():
            await asyncio.sleep(1.0)
            worker.kill()
        crew.ready("work", LEASE, 5)

        for job in caught:
            assert await job.result(timeout=30) == "finished"
        assert [job.starts for job in caught] == [2] * 5
        assert [(await job.refresh()).starts for job in done] == [1] * 20


@pytest.mark.long
async def test_sigterm_drains_while_renewing_and_a_second_one_gives_back(
    site: Site, crew: Crew
) -> None:
    async with Errands(site.url) as app:
        queue = app.queue()
        drained = await queue.add("finish", 2 * LEASE)
        untouched = await queue.add("hold")
        first = crew.start("run", LEASE)
        await first.says(f"started {drained.id}")

        first.terminate()
        assert await first.ends() == 0

        assert (await drained.refresh()).status is JobStatus.COMPLETED
        assert (await untouched.refresh()).starts == 0
        second = crew.start("run", LEASE)
        await second.says(f"started {untouched.id}")
        second.terminate()
        await asyncio.sleep(0.3)
        second.terminate()
        assert await second.ends() == 0
        await untouched.refresh()
        assert (untouched.status, untouched.starts, untouched.crashes) == (JobStatus.WAITING, 0, 0)


@contextmanager
def frozen_between_writes(member: Member, site: Site) -> Generator[None]:
    """Whoever is stopped with SQLite's one lock stops all others, too, as the guarantees say."""
    with ExitStack() as stack:
        stack.enter_context(member.frozen())
        while not site.is_writable:
            stack.close()
            time.sleep(0.01)
            stack.enter_context(member.frozen())
        yield


@pytest.mark.long
async def test_a_worker_frozen_past_its_lease_harms_no_newer_run(site: Site, crew: Crew) -> None:
    async with Errands(site.url) as app:
        job = await app.queue().add("hold")
        zombie = crew.ready("work", LEASE)
        await zombie.says(f"started {job.id}")

        with frozen_between_writes(zombie, site):
            heir = crew.ready("work", LEASE)
            await heir.says(f"started {job.id}")

        await zombie.says(f"cancelled {job.id}")
        await until(lambda: told(app, EventType.LEASE_LOST), {job.id: 1})
        await job.refresh()
        assert (job.status, job.starts, job.crashes) == (JobStatus.ACTIVE, 2, 1)
        await job.cancel()
        await heir.says(f"cancelled {job.id}")
        await until_settled(job)


@pytest.mark.long
async def test_a_worker_that_wakes_before_its_lease_was_taken_finishes(
    site: Site, crew: Crew
) -> None:
    """A stopped process stands for a machine that sleeps: nobody else is there to take over."""
    async with Errands(site.url) as app:
        job = await app.queue().add("finish", 0.2)
        worker = crew.ready("work", LEASE)
        await worker.says(f"started {job.id}")

        with worker.frozen():
            await asyncio.sleep(LEASE + 1)

        # Its own scheduler wakes with it, and may come first: then the job has run again.
        assert await job.result(timeout=30) == "finished"
        assert job.starts == job.crashes + 1
        assert job.attempts_made == 1
        crew.dismiss()
        assert examined(app) == []


@pytest.mark.long
async def test_a_worker_that_is_started_again_adopts_no_lease(site: Site, crew: Crew) -> None:
    async with Errands(site.url) as app:
        job = await app.queue().add("hold")
        first = crew.ready("work", 4)
        await first.says(f"started {job.id}")
        first.kill()
        killed_at = time.monotonic()

        again = crew.ready("work", 4)
        await again.says(f"started {job.id}")

        assert time.monotonic() - killed_at > 2.5
        workers = [
            (event.data or {})["worker"]
            async for event in app.queue().events(after=0, types=["active"], follow=False)
        ]
        assert len(set(workers)) == 2


@pytest.mark.long
async def test_a_handler_that_blocks_the_loop_past_its_lease_is_not_run_twice(
    site: Site, crew: Crew
) -> None:
    async with Errands(site.url) as app:
        job = await app.queue().add("block", 2.5 * LEASE)
        busy = crew.ready("work", LEASE)
        crew.ready("work", LEASE)

        await job.result(timeout=30)

        assert (job.starts, job.crashes) == (1, 0)
        assert "the event loop has been blocked" in busy.errors


async def starts(worker: Member, count: int) -> None:
    """Wait until it has said so often that a run started."""
    for _ in range(count):
        assert (await asyncio.to_thread(worker.line)).startswith("started ")
