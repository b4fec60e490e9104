"""Hosts with addresses of their own, whose workers share a queue over one server."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest

from errands import Errands, EventType
from tests.faults.crew import Crew, Member
from tests.faults.hosts import Host
from tests.faults.looking import all_jobs, told, until_done
from tests.faults.massacre import race
from tests.faults.site import Site, examined

RACE_SECONDS = 60
WAKE_UPS = 20


async def test_every_host_does_a_part_and_every_job_runs_once(
    remote_site: Site, remote_crew: Crew
) -> None:
    async with Errands(remote_site.url) as app:
        workers = [remote_crew.ready("work", 10, 4) for _ in range(3)]

        added = await app.queue().add_many([("finish", 0.02)] * 240)
        await until_done(app)

        remote_crew.dismiss()
        runs = [_started(worker) for worker in workers]
        assert Counter(each for ids in runs for each in ids) == {job.id: 1 for job in added}
        assert all(runs)
        assert examined(app) == []


async def test_an_add_on_one_host_soon_starts_on_another_that_is_idle(
    remote_site: Site, remote_crew: Crew, hosts: list[Host], tell: Callable[[str], None]
) -> None:
    """The worker's own poll would take twenty seconds."""
    async with Errands(remote_site.url):
        worker = remote_crew.ready("work", 10, 1, 20, on=hosts[0])
        adder = remote_crew.ready("add_told", on=hosts[1])
        waits: list[float] = []
        for number in range(WAKE_UPS):
            adder.tell(f"{number}")
            await adder.says(f"{number}")
            committed = time.monotonic()
            await worker.says(f"ran {number}")
            waits.append(time.monotonic() - committed)
            await asyncio.sleep(0.1)

    tell(
        f"{remote_site.name}: starts {median(waits) * 1_000:.0f} ms after the add returned on "
        f"another host, at most {max(waits) * 1_000:.0f} ms"
    )
    assert median(waits) < 1


@pytest.mark.parametrize("seconds", [300, pytest.param(-300, marks=[pytest.mark.long])])
async def test_a_host_with_a_wrong_clock_neither_starts_early_nor_takes_a_living_lease(
    remote_site: Site, remote_crew: Crew, hosts: list[Host], seconds: int
) -> None:
    async with Errands(remote_site.url) as app:
        right = remote_crew.ready("work", 1, on=hosts[0])
        running = await app.queue().add_many([("finish", 4.0)] * 5)
        for _ in running:
            assert (await asyncio.to_thread(right.line)).startswith("started ")
        wrong = remote_crew.ready("skewed", seconds, on=hosts[1])
        due = datetime.now(UTC) + timedelta(seconds=2)
        on_time = await app.queue().add_many([("finish", 0.1, {"run_at": due})] * 30)
        later = await app.queue().add("finish", 0.1, delay=250)

        for job in [*running, *on_time]:
            assert await job.result(timeout=30) == "finished"

        jobs = {job.id: job for job in await all_jobs(app)}
        assert all(jobs[job.id].starts == 1 for job in [*running, *on_time])
        assert await told(app, EventType.STALLED) == {}
        late = [_seconds(jobs[job.id].started_at, due) for job in on_time]
        assert -0.001 <= min(late) <= max(late) < 2
        assert jobs[later.id].starts == 0
        assert _started(wrong)
        remote_crew.dismiss()


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_few_kills_on_two_hosts_lose_no_job_and_settle_none_twice(
    remote_site: Site, hosts: list[Host]
) -> None:
    with Crew(remote_site.url, hosts[:2]) as crew:
        await race(remote_site.url, crew, seconds=0, least=4)


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_eight_processes_on_two_hosts_under_random_kills_lose_no_job_and_settle_none_twice(
    remote_site: Site, hosts: list[Host], tell: Callable[[str], None]
) -> None:
    with Crew(remote_site.url, hosts[:2]) as crew:
        came = await race(remote_site.url, crew, seconds=RACE_SECONDS, least=20)
    tell(f"{remote_site.name}, two hosts: {came}")


def _started(worker: Member) -> list[str]:
    """The jobs that it has said it began, since it was last listened to."""
    lines = [line.partition(" ") for line in worker.lines_so_far()]
    return [job_id for word, _, job_id in lines if word == "started"]


def _seconds(at: datetime | None, due: datetime) -> float:
    assert at is not None
    return (at - due).total_seconds()
