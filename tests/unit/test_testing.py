"""The kit that users test with."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from errands import Errands, InvalidOption, JobContext, JobStatus, Snooze
from errands.testing import FakeClock, SequentialIds, run_until_idle


def test_importing_the_package_or_its_kit_does_not_need_pytest() -> None:
    program = (
        "import sys; import errands; assert 'pytest' not in sys.modules;"
        "sys.modules['pytest'] = None; import errands.core.application.facade.queue;"
        "assert 'errands.infrastructure.testing' not in sys.modules"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_fake_clock_moves_when_it_is_told_to() -> None:
    clock = FakeClock(datetime(2026, 5, 1, tzinfo=UTC))
    start = clock()

    assert clock.advance(1.5) == start + timedelta(seconds=1.5)
    assert clock.advance_to(start) == clock.now
    assert clock.jump(timedelta(hours=-1)) < start
    with pytest.raises(InvalidOption):
        clock.advance(-1)


def test_sequential_ids_count_each_kind() -> None:
    ids = SequentialIds()

    assert [ids.job_id(), ids.job_id(), ids.token()] == ["job-1", "job-2", "token-1"]
    assert ids.worker_id() == "worker-1"


async def test_an_application_in_a_fixture_runs_without_sleeping(
    errands_app: Errands, errands_clock: FakeClock
) -> None:
    start = errands_clock.now

    @errands_app.handler("greet")
    async def greet(data: str, context: JobContext) -> Any:
        if context.attempt < 3:
            raise ValueError("not yet")
        return f"hello {data}"

    job = await errands_app.queue().add("greet", "you", delay=3600)

    assert await run_until_idle(errands_app) == 3
    assert await job.result(timeout=0) == "hello you"
    assert errands_clock.now == start + timedelta(seconds=3603)


async def test_an_application_on_a_file_is_a_fixture_too(
    errands_sqlite_app: Errands, tmp_path: Path
) -> None:
    await errands_sqlite_app.queue().add("greet")

    assert (tmp_path / "errands.db").is_file()
    assert (await errands_sqlite_app.queue().counts())[JobStatus.WAITING].value == 1


async def test_running_until_idle_stops_at_its_horizon_and_leaves_what_nobody_handles(
    errands_app: Errands, errands_clock: FakeClock
) -> None:
    @errands_app.handler("again")
    async def again(data: Any) -> Snooze:
        return Snooze(60)

    start = errands_clock.now
    await errands_app.queue().add("again")
    unknown = await errands_app.queue().add("unknown")

    assert await run_until_idle(errands_app, within=150) == 3
    assert errands_clock.now - start <= timedelta(seconds=150)
    assert (await unknown.refresh()).starts in (0, 1)


async def test_a_run_that_does_not_end_is_an_error(errands_app: Errands) -> None:
    import asyncio

    @errands_app.handler("hang")
    async def hang(data: Any) -> None:
        await asyncio.Event().wait()

    job = await errands_app.queue().add("hang")

    with pytest.raises(TimeoutError):
        await run_until_idle(errands_app, timeout=0.05)
    assert (await job.refresh()).status is JobStatus.WAITING
