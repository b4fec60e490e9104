"""Empty stores for the peers, made and removed around each run."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from tests.benchmarks.peers.peer import StoreName

DATABASE: Final = "errands_peers"
POSTGRESQL: Final = "postgresql://postgres@127.0.0.1:5432"
REDIS: Final = "redis://127.0.0.1:6379/13"

_numbers: Final = count(1)


class StoreMissing(RuntimeError):
    """A server does not answer, or may not be used; says why in a sentence."""


class Store(Protocol):
    """Where jobs are kept."""

    def describe(self) -> str:
        """The server and what a commit of it means. Raises `StoreMissing`."""
        ...

    def fresh(self) -> AbstractContextManager[str]:
        """The address of an empty store, which is removed after the block."""
        ...

    def settle(self, address: str) -> None:
        """Give the store, after many adds, what it would give itself in a minute."""
        ...


class SqliteFiles(Store):
    """A file in a folder of its own."""

    def describe(self) -> str:
        return "SQLite in the temporary folder"

    @contextmanager
    def fresh(self) -> Generator[str]:
        with tempfile.TemporaryDirectory(prefix="errands-peers-") as folder:
            yield str(Path(folder) / "queue.db")

    def settle(self, address: str) -> None:
        """Nothing is due."""


class PostgresqlDatabases(Store):
    """A database of its own on a running server, by psql."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def describe(self) -> str:
        query = (
            "SELECT format('PostgreSQL %s, fsync %s, synchronous_commit %s',"
            " split_part(current_setting('server_version'), ' ', 1),"
            " current_setting('fsync'), current_setting('synchronous_commit'))"
        )
        return self._query("postgres", query)

    @contextmanager
    def fresh(self) -> Generator[str]:
        name = f"{DATABASE}_{os.getpid()}_{next(_numbers)}"
        self._query("postgres", f"CREATE DATABASE {name}")
        try:
            yield f"{self._url}/{name}"
        finally:
            self._query("postgres", f"DROP DATABASE {name} WITH (FORCE)")

    def settle(self, address: str) -> None:
        self._query(address.rpartition("/")[2], "VACUUM (ANALYZE)")

    def _query(self, database: str, query: str) -> str:
        return _output(["psql", "-qAtX", "-d", f"{self._url}/{database}", "-c", query])


class RedisDatabase(Store):
    """One numbered database of a running server, which must be empty to begin with."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._parts = urlsplit(url)

    def describe(self) -> str:
        if self._command("DBSIZE") != "0":
            raise StoreMissing(f"{self._url} holds keys of somebody else")
        version = self._command("INFO", "server").partition("redis_version:")[2].split()[0]
        saves = self._command("CONFIG", "GET", "save").partition("\n")[2]
        appends = self._command("CONFIG", "GET", "appendonly").partition("\n")[2]
        if not saves and appends == "no":
            return f"Redis {version}, which keeps nothing on disk here"
        return f"Redis {version}, save {saves!r}, appendonly {appends}"

    @contextmanager
    def fresh(self) -> Generator[str]:
        try:
            yield self._url
        finally:
            self._command("FLUSHDB")

    def settle(self, address: str) -> None:
        """Nothing is due."""

    def _command(self, *words: str) -> str:
        host, port = self._parts.hostname or "127.0.0.1", self._parts.port or 6379
        number = self._parts.path.lstrip("/") or "0"
        return _output(["redis-cli", "-h", host, "-p", str(port), "-n", number, *words])


def stores(postgresql: str = POSTGRESQL, redis: str = REDIS) -> dict[StoreName, Store]:
    """The stores that peers use."""
    return {
        "sqlite": SqliteFiles(),
        "postgresql": PostgresqlDatabases(postgresql),
        "redis": RedisDatabase(redis),
    }


def _output(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        raise StoreMissing(f"there is no {command[0]} here") from None
    if done.returncode:
        raise StoreMissing(done.stderr.strip().splitlines()[-1])
    return done.stdout.strip()
