"""What may happen to a SQLite file, and to what is beside it."""

import asyncio
import sqlite3
import subprocess
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from errands import Errands, JobContext, JobStatus, StoreFull, StoreUnavailable
from errands.core.ports.unit_of_work import UnitOfWork
from errands.infrastructure.di.operator import Operator
from errands.infrastructure.persistence.sql.sqlite import checkpointer, filesystem
from tests.faults.crew import Crew
from tests.faults.site import examined

DRIVERS = ["sqlite3", pytest.param("pysqlite3", marks=[pytest.mark.long])]


async def test_every_write_has_the_lock_before_it_reads(url: str) -> None:
    """So SQLITE_BUSY_SNAPSHOT, which only an upgrade can get, cannot come."""
    said: list[str] = []
    app = Errands(url)
    app.handler("x")(_nothing)
    async with app:
        store: Any = app.container.store()
        store._open.writer._own.opened().set_trace_callback(said.append)
        async with app.worker(poll=0.05):
            job = await app.queue().add("x", delay=0.05)
            await job.clear_logs()
            await asyncio.sleep(0.2)
            await (await app.queue().add("x", delay=600)).cancel()
            await app.queue().clean(0)
            await app.queue().pause()

    assert said.count("BEGIN IMMEDIATE") > 5
    assert {words for words in said if words.startswith("BEGIN")} == {"BEGIN IMMEDIATE"}
    assert not changes_outside(said)


def changes_outside(said: Sequence[str]) -> list[str]:
    """Changes that were made while no transaction was open."""
    is_open, found = False, list[str]()
    for words in said:
        first = words.split(maxsplit=1)[0]
        is_open = (is_open or first == "BEGIN") and first not in {"COMMIT", "ROLLBACK"}
        if first in {"INSERT", "UPDATE", "DELETE"} and not is_open:
            found.append(words)
    return found


async def test_a_unit_whose_snapshot_is_too_old_runs_again(url: str, path: Path) -> None:
    """Such an error is made with connections of the test's own, and raised inside a unit."""
    runs: list[int] = []

    def unit(uow: UnitOfWork) -> None:
        runs.append(len(runs))
        if len(runs) < 3:
            raise too_old

    async with Errands(url) as app:
        await app.queue().add("x")
        too_old = snapshot_error(path)
        assert too_old.sqlite_errorcode == sqlite3.SQLITE_BUSY_SNAPSHOT
        await app.container.store().transact(unit)

    assert len(runs) == 3


def snapshot_error(path: Path) -> sqlite3.OperationalError:
    """What SQLite says to a transaction that has read, and writes after somebody else did."""
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as old,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM errands_job").fetchone()
        other.execute("CREATE TABLE somebody_elses (id)")
        with pytest.raises(sqlite3.OperationalError) as told:
            old.execute("UPDATE errands_meta SET value = value")
        return told.value


@pytest.mark.parametrize("driver", DRIVERS)
def test_no_python_code_opens_the_file(
    url: str, path: Path, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing what was opened beside SQLite would drop the locks of the process."""
    pytest.importorskip(driver)
    monkeypatch.setenv("ERRANDS_SQLITE_DRIVER", driver)
    with Crew(url) as crew:
        looking = crew.start("look_into", path)

        looking.expect("0")

        looking.succeed()


@pytest.mark.long
async def test_a_reader_that_stays_lets_the_log_grow_is_told_and_done_with_afterwards(
    url: str, path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointer, "LONG_LOG", 200)
    async with Errands(url) as app:
        await app.queue().add("x")
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM errands_job").fetchone()
            await add_pages(app, 40)
            grown = Operator(url).facts().wal_size or 0
            assert grown > 2_000_000
            assert "a reader" in caplog.text
            await app.queue().add("still works")

        await asyncio.sleep(0.5)
        await add_pages(app, 40)

        # The log began anew instead of growing on.
        assert (Operator(url).facts().wal_size or 0) <= 1.2 * grown
        assert examined(app) == []


async def add_pages(app: Errands, count: int) -> None:
    """Write a lot, with pauses for the checkpoints."""
    for _ in range(count):
        await app.queue().add_many([("x", "data" * 2_000)] * 10)
        await asyncio.sleep(0.02)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Generator[Path]:
    """A disk that is soon full; skipped where none can be mounted."""
    folder.mkdir()
    size = f"size={megabytes}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


async def fill(app: Errands) -> int:
    """Add until there is no room; how many were added."""
    added = 0
    with suppress(StoreFull):
        while True:
            await app.queue().add("x", "data" * 500)
            added += 1
    return added


async def test_a_full_disk_is_told_and_work_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 6) as disk:
        ballast = disk / "ballast"
        app = Errands(f"sqlite:///{disk / 'jobs.db'}")
        app.handler("x")(_nothing)
        async with app:
            first = await app.queue().add("x")
            ballast.write_bytes(bytes(4_000_000))
            acknowledged = 1 + await fill(app)
            assert (await app.queue().counts())[JobStatus.WAITING].value == acknowledged

            async with app.worker(poll=0.1, concurrency=1) as worker:
                await asyncio.sleep(0.5)
                assert worker.is_running
                ballast.unlink()
                await first.result(timeout=20)
                assert worker.is_running
            assert examined(app) == []


@pytest.mark.parametrize("kind", sorted(filesystem.REFUSED))
def test_a_network_file_system_is_refused(
    url: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No such file system can be mounted here: what Linux tells of mounts is made up."""

    def kind_of(folder: Path) -> str:
        return kind

    monkeypatch.setattr(filesystem, "kind_of", kind_of)

    with pytest.raises(StoreUnavailable, match=kind):
        Errands(url).sync.initialize()


MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:35 / /mnt rw,relatime shared:9 - tmpfs tmpfs rw
41 40 0:50 /export /mnt/shared\\040files rw,relatime - nfs4 host:/export rw,vers=4.2
42 41 0:51 / /mnt/shared\\040files/local rw,relatime master:3 - xfs /dev/vdb rw
bad line
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/srv/jobs", "ext4"),
        ("/mnt", "tmpfs"),
        ("/mntx", "ext4"),
        ("/mnt/shared files", "nfs4"),
        ("/mnt/shared files/a/b", "nfs4"),
        ("/mnt/shared files/local/a", "xfs"),
    ],
)
def test_the_kind_of_a_file_system_is_that_of_the_nearest_mount(folder: str, kind: str) -> None:
    assert filesystem.kind_among(MOUNTS, folder) == kind


def test_where_nobody_tells_the_kind_nothing_is_refused(tmp_path: Path) -> None:
    assert filesystem.kind_among("", str(tmp_path)) is None
    filesystem.require_local(tmp_path / "jobs.db", "sqlite:///jobs.db")


def test_what_is_mounted_here_is_told_as_it_is(tmp_path: Path) -> None:
    if not Path("/proc/self/mountinfo").exists():
        pytest.skip("only Linux tells its mounts")
    with small_disk(tmp_path / "disk", 1) as disk:
        (tmp_path / "link").symlink_to(disk)

        assert filesystem.kind_of(disk) == "tmpfs"
        assert filesystem.kind_of(tmp_path / "link") == "tmpfs"


async def _nothing(data: object, context: JobContext) -> None:
    pass
