"""A pooler in transaction mode before a PostgreSQL of the tests' own."""

import os
import shutil
import subprocess
import time
from contextlib import suppress
from typing import Final, Self

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from tests import stores
from tests.faults.leash import Leash
from tests.faults.own_server import PATIENCE_SECONDS, OwnServer, free_port
from tests.faults.site import Site, through

PATH: Final = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
SETTINGS: Final = """\
[databases]
* = host=127.0.0.1 port={server}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = {clients}
ignore_startup_parameters = extra_float_digits,options
logfile = {folder}/pgbouncer.log
pidfile =
"""


class Pgbouncer:
    """So many sessions of the server, shared by all transactions of all clients."""

    def __init__(self, server: OwnServer, sessions: int = 4, clients: int = 200) -> None:
        self.port = free_port()
        self._server = server
        self._settings = server.folder / f"pgbouncer-{self.port}.ini"
        self._settings.write_text(
            SETTINGS.format(
                server=server.port,
                port=self.port,
                sessions=sessions,
                clients=clients,
                folder=server.folder,
            )
        )
        (server.folder / "users").write_text('"postgres" ""\n')
        self._process: subprocess.Popen[bytes] | None = None
        self._leash: Leash | None = None

    def url(self, site: Site) -> str:
        """The same database by way of the pooler."""
        return through(site, self.port)

    def __enter__(self) -> Self:
        program = shutil.which("pgbouncer", path=PATH)
        assert program is not None
        is_root = os.geteuid() == 0
        self._process = subprocess.Popen(
            [program, str(self._settings)],
            user=self._server.user if is_root else None,
            extra_groups=[] if is_root else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._leash = Leash.of_process(self._process.pid)
        try:
            self._await_answer()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._leash is not None:
            self._leash.let_go()

    def _await_answer(self) -> None:
        url = self._server.url.set(port=self.port, drivername="postgresql+psycopg")
        engine, started = sa.create_engine(url), time.monotonic()
        is_there = False
        while not is_there and time.monotonic() - started < PATIENCE_SECONDS:
            with suppress(OperationalError), engine.connect():
                is_there = True
            time.sleep(0.05)
        engine.dispose()
        assert is_there, "pgbouncer does not answer"


def require_pgbouncer() -> None:
    """Skip the test where there is none; fail it where nothing of PostgreSQL may be left out."""
    if shutil.which("pgbouncer", path=PATH) is not None:
        return
    reason = "needs pgbouncer, which is not installed"
    if "postgresql" in stores.required():
        pytest.fail(reason)
    pytest.skip(reason)
