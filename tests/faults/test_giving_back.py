"""Jobs that a stopped worker gives back, where the database does not take one of them."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from errands import Errands, JobHandle, JobStatus
from tests.faults.conftest import SERVERS
from tests.faults.refusing import forbid_where, in_a_hurry, skip_where, sleep_where
from tests.faults.site import Site
from tests.integration.cli.terminal import Terminal

ENDS = "NEW.id = 'bad' AND OLD.status = 'active' AND NEW.status <> 'active'"
IDS = ["a", "b", "bad", "c", "d"]
BLOCKING = """
import asyncio, os, time
from errands import Errands

app = Errands(os.environ["SHOP_URL"], poll=0.05, grace=0.2)

@app.handler("nap")
async def nap(data):
    os.write(1, b"begun\\n")
    await asyncio.sleep(300)

@app.handler("block")
async def block(data):
    os.write(1, b"begun\\n")
    time.sleep(1e6)
"""
Refuse = Callable[[Site, str], None]


@pytest.mark.long
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("store_name", "refuse"),
    [("sqlite", skip_where), ("mariadb", forbid_where)],
    indirect=["store_name"],
)
def test_a_thread_gives_the_others_back_where_the_event_loop_is_blocked(
    site: Site, tmp_path: Path, refuse: Refuse
) -> None:
    (tmp_path / "shop.py").write_text(BLOCKING)
    with (
        Errands(site.url).sync as app,
        Terminal(tmp_path).started("worker", "shop:app", SHOP_URL=site.url) as worker,
    ):
        refuse(site, ENDS)
        for job_id in IDS:
            app.queue().add("nap", job_id=job_id)
            worker.prints("begun")
        app.queue().add("block", job_id="block")
        worker.prints("begun")
        worker.send(signal.SIGTERM)

        assert "5 jobs: default/a" in worker.says("gave back")
        worker.says("stopped without giving back 1 jobs: default/bad")
        assert worker.ends() == 1
        found = {job.id: str(job.status) for job in app.jobs().jobs}
    assert found == {**dict.fromkeys([*IDS, "block"], "waiting"), "bad": "active"}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("store_name", SERVERS, indirect=True)
async def test_one_for_which_the_server_takes_too_long_keeps_no_other(site: Site) -> None:
    async with Errands(site.url):
        sleep_where(site, ENDS)
    begun = asyncio.Barrier(len(IDS) + 1)

    async with Errands(in_a_hurry(site)) as app:

        @app.handler("nap")
        async def nap(data: object) -> None:
            await begun.wait()
            await asyncio.sleep(300)

        jobs = [await app.queue().add("nap", job_id=job_id) for job_id in IDS]
        async with app.worker(poll=0.1) as worker:
            await begun.wait()
            await worker.close(force=True)

            assert worker.left <= 1
        assert await _waiting(jobs) == {"a", "b", "c", "d"}


async def _waiting(jobs: list[JobHandle]) -> set[str]:
    return {job.id for job in jobs if (await job.refresh()).status is JobStatus.WAITING}
