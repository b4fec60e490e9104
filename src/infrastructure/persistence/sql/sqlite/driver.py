"""The SQLite driver: which one, how a connection is opened, what its errors mean."""

from __future__ import annotations

import importlib
import logging
import os
import random
import sqlite3
import stat
import time
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from .....core.domain.errors import InvalidOption
from .....core.domain.store_errors import (
    MissingDriver,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreRefused,
    StoreUnavailable,
    StoreUnusable,
)
from ..jobs.rows import UnreadableRow

MEMORY: Final = ":memory:"
DRIVER_VARIABLE: Final = "ERRANDS_SQLITE_DRIVER"
DRIVERS: Final = ("sqlite3", "pysqlite3")
SAFE_VERSION: Final = (3, 51, 3)
"""Older SQLite can, rarely, corrupt a WAL database when two checkpoints race."""

OPENING_SECONDS: Final = 5.0
"""How long opening waits for other processes that are opening the file, too."""

_log = logging.getLogger("errands.sqlite")

Connection = sqlite3.Connection
"""A DB-API connection of the standard driver or of pysqlite3, which has the same interface."""


@cache
def driver() -> Any:
    """The DB-API module: the standard one, or pysqlite3 where the environment asks for it.

    pysqlite3 is never chosen unasked, however new. It brings a SQLite of its own, and two
    copies of SQLite in one process do not see each other's locks (POSIX locks belong to the
    process): a program that opens the same file with the standard module, as SQLAlchemy
    does, would lose commits or damage the file.
    """
    name = os.environ.get(DRIVER_VARIABLE) or "sqlite3"
    if name not in DRIVERS:
        raise InvalidOption(DRIVER_VARIABLE, f"must be one of {', '.join(DRIVERS)}")
    try:
        chosen = importlib.import_module(f"{name}.dbapi2")
    except ImportError as error:
        raise MissingDriver("sqlite://", f"{DRIVER_VARIABLE} asks for {name}") from error
    if chosen.sqlite_version_info < SAFE_VERSION:
        _log.warning(
            "SQLite %s can, rarely, corrupt a WAL database when two checkpoints race; "
            "`pip install errands[sqlite-latest]` and %s=pysqlite3 bring a version that cannot",
            chosen.sqlite_version,
            DRIVER_VARIABLE,
        )
    return chosen


def create_file(path: Path) -> None:
    """Create the database file for its owner only, without opening it.

    Closing any other descriptor of a database file drops this process's locks on it.
    """
    if path.exists():
        return
    try:
        if hasattr(os, "mknod") and os.name == "posix" and os.uname().sysname == "Linux":
            os.mknod(path, 0o600 | stat.S_IFREG)
        else:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        pass


def connect(path: str, *, synchronous: str) -> Connection:
    """A connection in autocommit mode that never waits by itself, on a file it can write.

    The file must be there: one that is removed is not to come back empty.
    While it is opened others may be recovering the log of a crashed process, or turning the
    same new file to WAL: these are waited for.
    """
    connection = driver().connect(
        path if path == MEMORY else _existing(path),
        uri=path != MEMORY,
        timeout=OPENING_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        _turn_to_wal(connection, path)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("PRAGMA busy_timeout = 0")
        _require_writable(connection)
    except BaseException:
        connection.close()
        raise
    return cast("Connection", connection)


def connect_reader(path: str) -> Connection:
    """A connection that only reads, and never creates the file."""
    connection = driver().connect(
        _existing(path),
        uri=True,
        timeout=1,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=128,
    )
    connection.execute("PRAGMA query_only = 1")
    return cast("Connection", connection)


def _existing(path: str) -> str:
    """A file as a URI that does not create it."""
    return f"{Path(path).as_uri()}?mode=rw"


def _turn_to_wal(connection: Connection, path: str) -> None:
    """SQLite's busy handler does not wait where two connections turn a new file at once."""
    started = time.monotonic()
    mode: str | None = None
    while mode is None:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except Exception as error:
            if not is_busy(error) or time.monotonic() - started > OPENING_SECONDS:
                raise
            time.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - jitter
    if mode != "wal" and path != MEMORY:
        raise driver().OperationalError(f"the file cannot be turned to WAL, it stays {mode}")


def _require_writable(connection: Connection) -> None:
    """SQLite opens what it must not write as readable, and says so at the first change only."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except Exception as error:
        if not is_busy(error):
            raise
    else:
        connection.execute("ROLLBACK")


def primary_code(error: BaseException) -> int:
    """SQLite's primary result code of a driver's error, 0 where it has none."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def is_driver_error(error: BaseException) -> bool:
    """Whether the driver raised it."""
    return isinstance(error, driver().Error | sqlite3.Error)


def is_busy(error: BaseException) -> bool:
    """Whether another connection holds the lock."""
    return is_driver_error(error) and primary_code(error) in _BUSY


_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_KINDS: Final[dict[int, type[StoreError]]] = {
    sqlite3.SQLITE_BUSY: StoreBusy,
    sqlite3.SQLITE_LOCKED: StoreBusy,
    sqlite3.SQLITE_READONLY: StoreReadOnly,
    sqlite3.SQLITE_CORRUPT: StoreCorrupt,
    sqlite3.SQLITE_NOTADB: StoreCorrupt,
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_CANTOPEN: StoreUnavailable,
    sqlite3.SQLITE_IOERR: StoreUnavailable,
    sqlite3.SQLITE_PERM: StoreReadOnly,
    sqlite3.SQLITE_AUTH: StoreUnusable,
    sqlite3.SQLITE_TOOBIG: StoreRefused,
    sqlite3.SQLITE_CONSTRAINT: StoreRefused,
    sqlite3.SQLITE_MISMATCH: StoreRefused,
}
_LACKS: Final = ("no such table", "no such column", "has no column named", "no such view")
"""What SQLite says, with its most general code, of a schema that is not Errands'."""


def translated(error: Exception, url: str) -> StoreError | None:
    """The error of this library for one of the driver or of the mapping, None for others."""
    if isinstance(error, UnreadableRow):
        return StoreCorrupt(url, str(error))
    if not is_driver_error(error):
        return None
    store_error = str(error)
    if primary_code(error) == sqlite3.SQLITE_ERROR and any(
        words in store_error for words in _LACKS
    ):
        return StoreUnusable(url, store_error)
    return _KINDS.get(primary_code(error), StoreError)(url, store_error)
