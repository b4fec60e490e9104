"""kill -9 at random moments: nothing is lost, nothing is settled twice."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from errands import Errands, EventType, JobStatus
from tests.faults.crew import Crew
from tests.faults.looking import told, until
from tests.faults.massacre import Massacre, is_sound, race
from tests.faults.mixed_massacre import mixed_race
from tests.faults.site import Site
from tests.integration.sql import changed

RACE_SECONDS = 60
SHORT_RACE_SECONDS = 30
"""Of races that have less in them than the mixed one."""


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_few_kills_lose_no_job_and_settle_none_twice(site: Site, crew: Crew) -> None:
    massacre = Massacre(crew)
    massacre.hire(workers=2, producers=1)

    await asyncio.to_thread(massacre.kill_for, 0, least=4)
    massacre.stop_adding()

    async with Errands(site.url) as app:
        await is_sound(app, massacre.acknowledged)
    massacre.dismiss()
    assert massacre.deserters == []


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_eight_processes_under_random_kills_lose_no_job_and_settle_none_twice(
    site: Site, crew: Crew, tell: Callable[[str], None]
) -> None:
    """The machine's own server serves it, and is no part of the massacre."""
    tell(f"{site.name}: {await race(site.url, crew, seconds=SHORT_RACE_SECONDS, least=20)}")


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_forks_and_bulk_verbs_under_random_kills_lose_no_job_and_settle_none_twice(
    site: Site, crew: Crew, tell: Callable[[str], None]
) -> None:
    tell(f"{site.name}: {await mixed_race(site.url, crew, seconds=RACE_SECONDS, least=20)}")


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("store_name", ["sqlite"], indirect=True)
async def test_eight_processes_under_random_kills_on_the_newest_sqlite(
    site: Site, crew: Crew, path: Path, monkeypatch: pytest.MonkeyPatch, tell: Callable[[str], None]
) -> None:
    pytest.importorskip("pysqlite3")
    monkeypatch.setenv("ERRANDS_SQLITE_DRIVER", "pysqlite3")
    tell(f"{site.name}: {await race(site.url, crew, seconds=SHORT_RACE_SECONDS, least=20)}")
    assert changed(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.long
@pytest.mark.timeout(180)
async def test_a_killed_add_many_is_all_or_nothing(site: Site, crew: Crew) -> None:
    members = 3_000
    acknowledged: set[str] = set()
    for life in range(5):
        adder = crew.ready("add_many", life, members)
        await asyncio.sleep(random.uniform(0, 0.6))
        adder.kill()
        acknowledged.update(adder.lines_so_far())

    async with Errands(site.url) as app:
        # A server may still be at what a killed program asked for. Until it has noticed, and rolled
        # that back, readers wait for events that may come before those of later transactions.
        async def rows_and_events_agree() -> bool:
            added = await _added(app)
            waiting = (await app.queue().counts())[JobStatus.WAITING].value
            return acknowledged <= set(added) and waiting == min(sum(added.values()), 10_000)

        await until(rows_and_events_agree, True)
        assert set((await _added(app)).values()) <= {members}


async def _added(app: Errands) -> Counter[str]:
    """How many jobs of each add_many are told of as added."""
    jobs = await told(app, EventType.ADDED)
    return Counter(str(job).rpartition("-")[0] for job in jobs)
