"""Database servers of the tests' own: to be stopped, crashed, killed and started again.

They live in a temporary folder, on a free port. The machine's own servers are never touched:
a process is ended only by the id under which it was started here.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar, Self

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from tests import servers, stores
from tests.faults.leash import Leash

PATIENCE_SECONDS = 60.0


class OwnServer:
    """A server that this process has made and may do anything to.

    It listens at `host`; `options` are further settings of the server. As root it runs as the
    user whose name the distribution gives to it, since no database server wants to run as root.
    """

    name: ClassVar[str]
    user: ClassVar[str]
    places: ClassVar[tuple[str, ...]]
    programs: ClassVar[tuple[str, ...]]

    def __init__(self, host: str = "127.0.0.1", **options: str) -> None:
        self.host = host
        self.options = options
        # Not below pytest's folders: those are for their owner only.
        self.folder = Path(tempfile.mkdtemp(prefix="errands-server-"))
        self.data = self.folder / "data"
        self.port = free_port(host)
        self._process: subprocess.Popen[bytes] | None = None
        self._leash: Leash | None = None
        self._own(self.folder)

    @classmethod
    def program(cls, name: str) -> str | None:
        """Where one of its programs is."""
        found = (str(folder) for place in cls.places for folder in Path("/").glob(place))
        folders = [*sorted(found, reverse=True), os.environ.get("PATH", "")]
        return shutil.which(name, path=os.pathsep.join(folders))

    @classmethod
    def missing(cls) -> list[str]:
        """The programs that this machine lacks."""
        return [name for name in cls.programs if cls.program(name) is None]

    @property
    def url(self) -> sa.URL:
        """Its address, as an administrator."""
        raise NotImplementedError

    @property
    def server(self) -> servers.Server:
        """It, as the tests know servers."""
        return servers.Server(self.name, self.url, servers.CREATE[self.name])

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def make(self) -> None:
        """Make its folder of data."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """What starts it, in the foreground."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and wait until it answers."""
        started = time.monotonic()
        while True:
            self._spawn()
            if self._answers_before(started + PATIENCE_SECONDS):
                return
            # Children of one that was killed may still hold what the next one needs.
            assert time.monotonic() - started < PATIENCE_SECONDS, self.log[-2_000:]
            time.sleep(0.1)

    def stop(self) -> None:
        """As an administrator does it who is in a hurry: connections are ended, nothing is lost."""
        self._end(signal.SIGTERM)

    def crash(self) -> None:
        """End without tidying up."""
        self._end(signal.SIGKILL)

    def kill(self) -> None:
        """Kill -9."""
        self._end(signal.SIGKILL)

    @contextmanager
    def frozen(self) -> Generator[None]:
        """It accepts connections and answers nothing, as long as the block runs."""
        assert self._process is not None
        stopped = [self._process.pid, *children_of(self._process.pid)]
        _signal(stopped, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(stopped, signal.SIGCONT)

    def __enter__(self) -> Self:
        try:
            self.make()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *command: str) -> None:
        """Run one of its programs to the end, as its user."""
        done = subprocess.run(
            command, user=self._user(), cwd=self.folder, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()

    def _spawn(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                user=self._user(),
                extra_groups=[] if self._user() else None,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

        self._let_go()
        self._leash = Leash.of_process(self._process.pid)

    def _let_go(self) -> None:
        if self._leash is not None:
            self._leash.let_go()
            self._leash = None

    def _answers_before(self, end: float) -> bool:
        engine = self.server.engine()
        try:
            while self.is_alive and time.monotonic() < end:
                with suppress(OperationalError), engine.connect():
                    return True
                time.sleep(0.05)
            return False
        finally:
            engine.dispose()

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE_SECONDS)
        self._let_go()

    def _own(self, folder: Path) -> None:
        user = self._user()
        if user is not None:
            shutil.chown(folder, user)

    def _user(self) -> str | None:
        return self.user if os.geteuid() == 0 else None


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def require(kind: type[OwnServer]) -> None:
    """Skip the test where the programs are missing; fail it where they must not be."""
    missing = kind.missing()
    if not missing:
        return
    reason = f"needs a {kind.name} server of its own; missing: {', '.join(missing)}"
    if kind.name in stores.required():
        pytest.fail(reason)
    pytest.skip(reason)
