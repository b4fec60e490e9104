"""A job that kills its process, among others that do not."""

import asyncio
import time

import pytest

from errands import Errands, JobStatus
from tests.faults.crew import Crew
from tests.faults.looking import until_done
from tests.faults.site import Site, examined

LEASE = 1.5
OTHERS = 9
MAX_CRASHES = 2
PATIENCE_SECONDS = 90.0


@pytest.mark.long
@pytest.mark.timeout(120)
async def test_a_job_that_kills_its_process_ends_alone_and_the_others_complete(
    site: Site, crew: Crew
) -> None:
    async with Errands(site.url) as app:
        queue = app.queue(max_crashes=MAX_CRASHES)
        poison = await queue.add("poison", 0.3)
        others = await queue.add_many([("finish", 0.6)] * OTHERS)

        done = asyncio.ensure_future(until_done(app))
        end = time.monotonic() + PATIENCE_SECONDS
        while not done.done():
            worker = crew.start("work", LEASE, 1 + OTHERS)
            while worker.is_alive and not done.done():
                await asyncio.sleep(0.05)
                assert time.monotonic() < end
        await done

        await poison.refresh()
        assert (poison.status, poison.crashes) == (JobStatus.FAILED, MAX_CRASHES + 1)
        assert poison.reason.startswith("TooManyCrashes")
        assert [await job.result(timeout=1) for job in others] == ["finished"] * OTHERS
        assert {job.crashes for job in others} == {MAX_CRASHES}
        crew.dismiss()
        assert examined(app) == []
