"""A process out of descriptors or threads: nothing is lost, and it recovers."""

import asyncio
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from errands import Errands, JobStatus, StoreUnavailable, SyncJobContext
from tests.faults.looking import until
from tests.integration.processes import Processes


def test_a_process_out_of_descriptors_hears_of_others_and_does_so_still_when_there_are_some(
    processes: Processes, url: str
) -> None:
    starved = processes.start("starve")
    starved.expect("ready")

    with Errands(url).sync as app:
        first = app.queue().add("note")
        starved.expect(f"ran {first.id}", timeout=20)
        starved.tell()
        starved.expect("fed")
        second = app.queue().add("note")
        starved.expect(f"ran {second.id}", timeout=20)
        assert first.result(timeout=20) is second.result(timeout=20) is None


def test_a_worker_begun_without_descriptors_works_and_hears_of_a_signal(
    processes: Processes, url: str
) -> None:
    starved = processes.start("starve_until_told")
    starved.expect("ready")

    with Errands(url).sync as app:
        job = app.queue().add("note")
        starved.expect(f"ran {job.id}", timeout=20)
        starved.terminate()

        starved.expect("ended")
        starved.succeed()
        assert job.result(timeout=20) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is watched")
async def test_a_file_that_is_opened_through_a_link_is_watched(tmp_path: Path) -> None:
    with Errands(f"sqlite:///{tmp_path / 'real.db'}").sync as other:
        (tmp_path / "link.db").symlink_to("real.db")
        app = Errands(f"sqlite:///{tmp_path / 'link.db'}")
        other.queue().add("x")

        async with app, app.worker("default"):
            log = tmp_path / "real.db-wal"
            await until(lambda: asyncio.to_thread(is_watched, log), True)


def is_watched(path: Path) -> bool:
    """Whether this process has the system tell it of writes to a file; see proc_pid_fdinfo(5)."""
    number = f"ino:{path.stat().st_ino:x} "
    found: list[str] = []
    for entry in Path("/proc/self/fdinfo").iterdir():
        with suppress(OSError):
            found.append(entry.read_text(encoding="ascii"))
    return any("inotify" in text and number in text for text in found)


async def test_a_job_that_no_thread_was_to_be_had_for_runs_later_and_is_no_worse_for_it(
    app: Errands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lowest seam there is: `threading.Thread.start`, as the system would answer it."""
    start = threading.Thread.start
    refused: list[str] = []

    def start_late(thread: threading.Thread) -> None:
        if thread.name.startswith("errands-handler") and len(refused) < 3:
            refused.append(thread.name)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_late)

    @app.handler("plain")
    def reply(data: object, context: SyncJobContext) -> str:
        return "done"

    async with app.worker(poll=0.1):
        job = await app.queue().add("plain", max_attempts=1)

        assert await job.result(timeout=20) == "done"

    await job.refresh()
    assert len(refused) == 3
    assert (job.starts, job.attempts_made, job.crashes) == (1, 1, 0)


async def test_an_add_that_no_thread_was_to_be_had_for_is_refused_and_never_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def start_none(thread: threading.Thread) -> None:
        if thread.name.startswith("errands-writer"):
            raise RuntimeError("can't start new thread")
        start(thread)

    async with Errands(f"sqlite:///{tmp_path / 'jobs.db'}") as app:
        queue = app.queue()
        with monkeypatch.context() as exhausted:
            exhausted.setattr(threading.Thread, "start", start_none)
            with pytest.raises(StoreUnavailable, match="thread"):
                await queue.add_many([("refused", number) for number in range(300)])

        await queue.add_many([("taken", number) for number in range(300)])

        assert (await queue.counts())[JobStatus.WAITING].value == 300
