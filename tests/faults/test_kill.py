"""kill -9 at random moments: nothing is lost, nothing is settled twice."""

import asyncio
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from errands import Errands, EventType, JobHandle, JobStatus
from errands.infrastructure.di.operator import Operator
from tests.integration.processes import Processes, Program
from tests.integration.sql import changed

KILLS = 50
JOBS = 2_000


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("driver", ["sqlite3", "pysqlite3"])
async def test_kills_lose_no_job_and_settle_none_twice(
    processes: Processes, path: Path, url: str, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if driver == "pysqlite3":
        pytest.importorskip("pysqlite3")
    monkeypatch.setenv("ERRANDS_SQLITE_DRIVER", driver)
    massacre = Massacre(processes)

    massacre.run()

    async with Errands(url) as app:
        await until_done(app)
        massacre.dismiss()
        jobs = await all_jobs(app)
        assert massacre.acknowledged <= {job.id for job in jobs}
        assert {job.status for job in jobs} == {JobStatus.COMPLETED}
        assert all(job.starts == job.crashes + 1 and job.attempts_made == 1 for job in jobs)
        assert sum(job.crashes for job in jobs) > 0
        assert await told(app, EventType.COMPLETED) == {job.id: 1 for job in jobs}
        assert await told(app, EventType.ACTIVE) == {job.id: job.starts for job in jobs}
        stalled = {job.id: job.crashes for job in jobs if job.crashes}
        assert await told(app, EventType.STALLED) == stalled
    assert changed(path, "PRAGMA integrity_check") == [("ok",)]
    assert [finding for step in Operator(url).examine() for finding in step.findings] == []


class Massacre:
    """Workers and adders of which one after another is killed and replaced."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._crew = [self._hired(name) for name in ("work", "work", "work", "add", "add")]
        self._ready: set[Program] = set()
        self.acknowledged: set[str] = set()

    def run(self) -> None:
        """Kill until there were enough kills and jobs; then add no more."""
        kills = 0
        while kills < KILLS or len(self.acknowledged) < JOBS:
            victim = random.choice(self._crew)
            self._await_ready(victim)
            time.sleep(random.uniform(0, 0.2))
            self._kill(victim)
            self._crew.append(self._hired(victim.name))
            kills += 1
        for program in [each for each in self._crew if each.name == "add"]:
            self._kill(program)

    def dismiss(self) -> None:
        """Let the workers that are left go home."""
        for program in self._crew:
            program.tell()
            program.succeed()

    def _hired(self, name: str) -> Program:
        return self._processes.start(name, *([random.randrange(10**9)] if name == "add" else []))

    def _await_ready(self, program: Program) -> None:
        if program not in self._ready:
            program.expect("ready")
            self._ready.add(program)

    def _kill(self, victim: Program) -> None:
        victim.kill()
        self._crew.remove(victim)
        if victim.name == "add":
            lines = [line for line in victim.lines_so_far() if line != "ready"]
            self.acknowledged.update(job_id for line in lines for job_id in line.split())


async def until_done(app: Errands) -> None:
    """Wait until nothing is left to run."""
    left = {JobStatus.WAITING, JobStatus.ACTIVE, JobStatus.DELAYED}
    while True:
        counts = await app.queue().counts()
        if not any(counts[status].value for status in left):
            return
        await asyncio.sleep(0.05)


async def all_jobs(app: Errands) -> list[JobHandle]:
    """Every job of the queue."""
    jobs: list[JobHandle] = []
    after: int | None = None
    while True:
        page = await app.queue().jobs(after=after, limit=1_000)
        jobs += page.jobs
        if page.next is None:
            return jobs
        after = page.next


async def told(app: Errands, kind: EventType) -> dict[str | None, int]:
    """How often the event log tells this of each job."""
    events = app.queue().events(after=0, types=[kind], follow=False)
    return dict(Counter([event.job_id async for event in events]))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_killed_add_many_is_all_or_nothing(processes: Processes, url: str) -> None:
    members = 3_000
    acknowledged: set[str] = set()
    for life in range(5):
        adder = processes.start("add_many", life, members)
        adder.expect("ready")
        time.sleep(random.uniform(0, 0.4))
        adder.kill()
        acknowledged.update(adder.lines_so_far())

    with Errands(url).sync as app:
        added = Counter(
            str(event.job_id).rpartition("-")[0]
            for event in app.queue().events(types=[EventType.ADDED])
        )
        waiting = app.queue().counts()[JobStatus.WAITING]

    assert acknowledged <= set(added)
    assert set(added.values()) <= {members}
    assert waiting.value == min(sum(added.values()), 10_000)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_killed_migration_is_completed_by_the_next_start(
    processes: Processes, path: Path, url: str
) -> None:
    for _ in range(6):
        migrating = processes.start("migrate")
        migrating.expect("ready")
        time.sleep(random.uniform(0, 0.15))
        migrating.kill()

        with Errands(url).sync as app:
            assert app.queue().add("x").is_new
        assert changed(path, "PRAGMA integrity_check") == [("ok",)]
        for file in path.parent.iterdir():
            file.unlink()


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_an_effect_in_the_completing_transaction_happens_once_whenever_it_is_killed(
    processes: Processes, path: Path, url: str
) -> None:
    changed(path, "CREATE TABLE effects (job TEXT)")
    async with Errands(url) as app:
        deaths = ["before", "between", "after"] * 3
        jobs = [await app.queue().add("effect", death) for death in deaths]
        worker = processes.start("effects")
        while any([not (await job.refresh()).status.is_terminal for job in jobs]):
            if not worker.is_alive:
                worker = processes.start("effects")
            await asyncio.sleep(0.05)
    worker.tell()
    worker.succeed()

    effects = Counter(row[0] for row in changed(path, "SELECT job FROM effects"))
    assert effects == {job.id: 1 for job in jobs}
    assert {job.status for job in jobs} == {JobStatus.COMPLETED}
    assert all(job.crashes for job, death in zip(jobs, deaths, strict=True) if death != "after")
