"""The watch over the write-ahead log, on a real file."""

import os
import resource
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from errands.infrastructure.wakeups import file_watch
from errands.infrastructure.wakeups.file_watch import FileWatch
from errands.infrastructure.wakeups.inotify import Inotify


class Log:
    """A log that somebody else writes, and what its watch told."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = 0
        self._told = threading.Event()
        self.watch = FileWatch(str(path), lambda: self._version)
        self.watch.start(self._told.set)

    def commit(self) -> None:
        """Write, and make it visible."""
        self._told.clear()
        self._version += 1
        with self._path.open("ab") as log:
            log.write(b"frame")

    def remove(self) -> None:
        """As the last connection does when it closes."""
        self._path.unlink()

    @property
    def is_told(self) -> bool:
        """Whether the commit was noticed, by the renewed watch at the latest."""
        return self.is_told_within(file_watch.RENEW_WATCH * 10)

    def is_told_within(self, seconds: float) -> bool:
        """Whether the commit was noticed so soon."""
        return self._told.wait(seconds)


@pytest.fixture(params=["inotify", "polling"])
def log(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Log]:
    """A watched log, with inotify and without."""
    if request.param == "polling":
        monkeypatch.setattr(Inotify, "of_system", lambda: None)
    log = Log(tmp_path / "jobs.db-wal")
    yield log
    log.watch.stop()


def test_a_log_that_comes_after_the_watch_is_seen(log: Log) -> None:
    log.commit()

    assert log.is_told


@pytest.fixture
def many_open_files() -> Iterator[None]:
    """More than select(2) can tell apart."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4_096), hard))
    null = os.open(os.devnull, os.O_RDONLY)
    copies = [os.dup(null) for _ in range(1_100)]
    yield
    for descriptor in (null, *copies):
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_commit_is_seen_beside_many_open_files(many_open_files: None, log: Log) -> None:
    log.commit()

    assert log.is_told


def test_every_commit_is_told(log: Log) -> None:
    for _ in range(20):
        log.commit()
        assert log.is_told


@pytest.mark.skipif(sys.platform != "linux", reason="only inotify tells as often as it likes")
def test_a_commit_right_after_another_is_told_at_once_and_then_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first write after a checkpoint changes the version before its commit does."""
    log = Log(tmp_path / "jobs.db-wal")
    monkeypatch.setattr(file_watch, "BETWEEN_WAKES", 1_000)
    try:
        for _ in range(2):
            log.commit()
            assert log.is_told

        log.commit()
        assert not log.is_told_within(0.2)
    finally:
        log.watch.stop()


def test_a_log_that_was_removed_and_made_anew_is_seen(log: Log) -> None:
    log.commit()
    assert log.is_told

    log.remove()
    log.commit()

    assert log.is_told
    log.commit()
    assert log.is_told


def test_a_stopped_watch_leaves_nothing_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    log = Log(tmp_path / "jobs.db-wal")
    log.commit()
    assert log.is_told

    log.watch.stop()

    assert len(list(Path("/proc/self/fd").iterdir())) == before
