"""A PostgreSQL server of the tests' own."""

import os
import signal
from pathlib import Path

import sqlalchemy as sa

from tests.faults.own_server import OwnServer


class OwnPostgresql(OwnServer):
    """Files are not forced to the disk: the faults are those of processes, not of power."""

    name = "postgresql"
    user = "postgres"
    places = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql*/bin")
    programs = ("initdb", "postgres")

    @property
    def url(self) -> sa.URL:
        """See the class above."""
        return sa.make_url(
            f"postgresql://postgres@{self.host}:{self.port}/postgres?sslmode=disable"
        )

    def make(self) -> None:
        """See the class above."""
        self.run(
            str(self.program("initdb")),
            *("--pgdata", str(self.data), "--username", "postgres", "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
        )
        with (self.data / "pg_hba.conf").open("a", encoding="ascii") as rules:
            rules.write("host all all samenet trust\n")

    def command(self) -> list[str]:
        """See the class above."""
        settings = {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "shared_buffers": "64MB",
            "max_connections": "100",
            "restart_after_crash": "on",
            **self.options,
        }
        given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.program("postgres")), "-D", str(self.data), *given]

    def stop(self) -> None:
        """A fast shutdown: transactions are rolled back, connections told."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """An immediate shutdown: the log is recovered at the next start."""
        self._end(signal.SIGQUIT)

    def demote(self) -> None:
        """Come back as a standby: reading is all that it allows."""
        (self.data / "standby.signal").touch()

    def promote(self) -> None:
        """Take writes again."""
        engine = self.server.engine()
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT pg_promote()").scalar()
        engine.dispose()

    def kill_a_backend(self, pid: int) -> None:
        """Kill -9 of one of its own children: the server ends all sessions and recovers."""
        status = (self.data / "postmaster.pid").read_text().splitlines()
        assert self._process is not None
        assert int(status[0]) == self._process.pid == parent_of(pid)
        os.kill(pid, signal.SIGKILL)


def parent_of(pid: int) -> int:
    """The process that started a process."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    return int(stat.rpartition(")")[2].split()[1])
