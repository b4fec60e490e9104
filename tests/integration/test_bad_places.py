"""Places where no database can be: each a typed error that names the URL."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from errands import (
    Errands,
    InvalidDatabaseUrl,
    NewerSchema,
    OutdatedSchema,
    StoreCorrupt,
    StoreError,
    StoreNotOpen,
    StoreReadOnly,
    StoreUnavailable,
)
from tests.forked import ROOT
from tests.integration.sql import changed


def opening(url: str, kind: type[StoreError]) -> StoreError:
    """The error of opening, the same from both sides."""
    with pytest.raises(kind) as refused:
        Errands(url).sync.initialize()
    return refused.value


def test_a_directory_that_does_not_exist(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/no/such/jobs.db"

    error = opening(url, StoreUnavailable)

    assert error.url == url
    assert f"the directory {tmp_path}/no/such does not exist" in str(error)
    assert not (tmp_path / "no").exists()


def test_a_directory_as_the_file(tmp_path: Path) -> None:
    assert "is a directory" in str(opening(f"sqlite:///{tmp_path}", StoreUnavailable))


def test_a_file_as_the_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    opening(f"sqlite:///{tmp_path}/file/jobs.db", StoreUnavailable)


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    opening(f"sqlite:///{tmp_path}/{'x' * 300}", StoreUnavailable)


@pytest.mark.parametrize(
    "url",
    [
        "jobs.db",
        "mongodb://host/db",
        "sqlite://jobs.db",
        "sqlite:///jobs.db?mode=ro",
        "sqlite:///%00",
    ],
)
def test_a_url_that_is_none_of_ours(url: str) -> None:
    opening(url, InvalidDatabaseUrl)


@pytest.mark.parametrize("url", [" ", 7])
def test_a_url_that_is_no_url(url: object) -> None:
    with pytest.raises(ValueError, match="url: must be a database URL"):
        Errands(url)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_password_is_never_shown() -> None:
    error = opening("oracle://me:secret@host/db", InvalidDatabaseUrl)

    assert "secret" not in str(error) + error.url
    assert "oracle://me:***@host/db" in str(error)


def test_a_file_that_is_no_database(path: Path, url: str) -> None:
    text = b"Dear diary, this is no database at all.\n" * 100
    path.write_bytes(text)

    error = opening(url, StoreCorrupt)

    assert error.url == url
    assert path.read_bytes() == text


def test_a_damaged_database(path: Path, url: str) -> None:
    with Errands(url).sync as app:
        app.queue().add_many([("x", "data" * 1_000) for _ in range(100)])
    content = bytearray(path.read_bytes())
    content[100:40_000] = os.urandom(39_900)
    path.write_bytes(content)

    opening(url, StoreCorrupt)


def test_a_database_cut_short(path: Path, url: str) -> None:
    with Errands(url).sync as app:
        app.queue().add_many([("x", "data" * 1_000) for _ in range(100)])
    os.truncate(path, path.stat().st_size // 2)

    with pytest.raises(StoreCorrupt), Errands(url).sync as app:
        app.queue().jobs()


def test_a_schema_from_the_future_is_refused(path: Path, url: str) -> None:
    with Errands(url).sync:
        pass
    changed(path, "UPDATE errands_schema SET version_num = '9999'")

    error = opening(url, NewerSchema)

    assert "9999" in str(error)


def test_a_schema_from_the_past_is_refused_where_migrating_is_off(path: Path, url: str) -> None:
    with pytest.raises(OutdatedSchema, match="errands db migrate"):
        Errands(url, migrate=False).sync.initialize()

    assert changed(path, "SELECT count(*) FROM sqlite_master") == [(0,)]


def test_an_up_to_date_schema_opens_where_migrating_is_off(url: str) -> None:
    with Errands(url).sync:
        pass

    with Errands(url, migrate=False).sync as app:
        assert app.queue().add("x").is_new


async def test_used_before_initialize_and_after_shutdown(url: str) -> None:
    app = Errands(url)
    with pytest.raises(StoreNotOpen):
        await app.queue().add("x")
    with pytest.raises(StoreNotOpen):
        app.sync.queue().find("x")

    async with app:
        await app.queue().add("x")

    with pytest.raises(StoreNotOpen):
        await app.queue().add("x")
    with pytest.raises(StoreNotOpen):
        app.sync.queue().find("x")


async def test_initializing_and_shutting_down_twice_is_harmless(url: str) -> None:
    app = Errands(url)
    await app.initialize()
    await app.initialize()
    await app.queue().add("x", job_id="one")
    await app.shutdown()
    await app.shutdown()

    await app.initialize()
    assert await app.queue().find("one") is not None
    await app.shutdown()


async def test_no_descriptor_of_the_file_is_left_open(path: Path, url: str) -> None:
    app = Errands(url)
    async with app, app.worker(["default"]):
        job = await app.queue().add("x")
        await app.queue().jobs()
        await job.cancel()
        assert open_descriptors(path) != []

    assert open_descriptors(path) == []


def test_a_file_that_was_refused_is_not_left_open(path: Path, url: str) -> None:
    path.write_bytes(b"no database at all" * 100)

    opening(url, StoreCorrupt)

    assert open_descriptors(path) == []


def open_descriptors(path: Path) -> list[str]:
    """Where this process's descriptors lead, those to the file and its companions."""
    links: list[str] = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            links.append(str(link.readlink()))
    return [link for link in links if link.startswith(str(path))]


def test_the_log_is_a_write_ahead_log(path: Path, url: str) -> None:
    with Errands(url).sync as app:
        app.queue().add("x")
        assert path.with_name(f"{path.name}-wal").exists()

    assert changed(path, "PRAGMA journal_mode") == [("wal",)]


def test_the_files_are_for_their_owner_only(path: Path, url: str) -> None:
    with Errands(url).sync as app:
        app.queue().add("x")
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}

    assert len(modes) == 3
    assert set(modes.values()) == {0o600}


def test_a_file_that_is_removed_while_open_is_told(path: Path, url: str) -> None:
    with Errands(url).sync as app:
        app.queue().add("x")
        path.unlink()

        with pytest.raises(StoreUnavailable, match="removed"):
            app.queue().find("x")
        with pytest.raises(StoreUnavailable, match="removed"):
            app.queue().add("lost")

    assert not path.exists()


def test_a_file_that_is_replaced_while_open_is_told(path: Path, url: str) -> None:
    with Errands(url).sync as app:
        app.queue().add("x")
        other = path.with_name("other.db")
        with Errands(f"sqlite:///{other}").sync:
            pass
        other.rename(path)

        with pytest.raises(StoreUnavailable, match="replaced"):
            app.queue().find("x")
        with pytest.raises(StoreUnavailable, match="replaced"):
            app.queue().add("lost")


async def test_a_worker_of_a_removed_file_rests_between_its_tries(
    path: Path, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = Errands(url)
    async with app, app.worker(["default"], poll=0.01, idle_poll=0.01):
        os.unlink(path)  # noqa: PTH108 - without a thread in between
        await asyncio.sleep(1)

    told = [record for record in caplog.records if "removed while it was" in record.getMessage()]
    assert 0 < len(told) < 40


AS_NOBODY = """
import os, sys
from errands import Errands
with Errands("sqlite:///:memory:").sync as app:
    app.queue().add("everything is imported now, whoever may read it")
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
try:
    with Errands(sys.argv[1]).sync as app:
        app.queue().add("x")
except Exception as error:
    print(type(error).__name__, error)
else:
    print("added")
"""


def as_nobody(url: str) -> str:
    """What a user without rights is told."""
    if os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, url], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def public(path: Path) -> Path:
    """The test's folder, reachable by everybody."""
    for folder in path.parents:
        if folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(folder.stat().st_mode | 0o005)
    return path.parent


def test_a_read_only_directory(public: Path, url: str) -> None:
    assert as_nobody(url).startswith(f"StoreReadOnly {url}: is read-only")


def test_a_read_only_file(public: Path, path: Path, url: str) -> None:
    with Errands(url).sync:
        pass
    public.chmod(0o777)
    path.chmod(0o444)

    assert as_nobody(url).startswith(f"StoreReadOnly {url}: is read-only")


def test_a_read_only_file_in_a_read_only_directory(public: Path, path: Path, url: str) -> None:
    with Errands(url).sync:
        pass
    path.chmod(0o444)

    assert as_nobody(url).startswith("Store")


def test_a_file_that_cannot_be_read(public: Path, path: Path, url: str) -> None:
    with Errands(url).sync:
        pass

    assert as_nobody(url).startswith("StoreUnavailable")


def test_a_directory_that_cannot_be_entered(public: Path, url: str) -> None:
    public.chmod(0o700)

    assert as_nobody(url).startswith(f"StoreReadOnly {url}")


def test_an_old_sqlite_is_warned_about_once() -> None:
    program = (
        "from errands import Errands\n"
        "from errands.infrastructure.persistence.sql.sqlite import driver\n"
        "driver.SAFE_VERSION = (99, 0, 0)\n"
        "for _ in range(3):\n"
        "    with Errands('sqlite:///:memory:').sync as app: app.queue().add('x')\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stderr.count("can, rarely, corrupt") == 1


def test_a_driver_that_nobody_knows_is_refused() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from errands import Errands; Errands('sqlite://').sync.initialize()",
        ],
        cwd=ROOT,
        env={**os.environ, "ERRANDS_SQLITE_DRIVER": "duckdb"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "InvalidOption: ERRANDS_SQLITE_DRIVER: must be one of sqlite3, pysqlite3" in done.stderr


def test_read_only_is_a_kind_of_unavailable() -> None:
    assert issubclass(StoreReadOnly, StoreUnavailable)
    assert issubclass(StoreUnavailable, OSError)
