"""All connections of one process to one file."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final, Self

import attrs

from .....core.domain.store_errors import StoreError, StoreReadOnly, StoreUnavailable
from .....core.ports.executor import NoThread
from ....executors.daemon_pool import DaemonPool
from .checkpointer import Checkpointer
from .driver import MEMORY, Connection, connect, create_file, translated
from .file_identity import FileIdentity
from .filesystem import require_local
from .fork_safe_connection import ForkSafeConnection
from .forks import FORKS
from .migrate import bring_up_to_date
from .readers import SqliteReaders
from .writer import SqliteWriter


@attrs.frozen(kw_only=True)
class SqliteFile:
    """Which file, and how it is opened."""

    path: str
    synchronous: str
    busy_seconds: float
    migrates: bool

    @property
    def url(self) -> str:
        """The database's URL."""
        return f"sqlite:///{self.path}"

    @property
    def is_memory(self) -> bool:
        """Whether it is no file at all: one connection, no readers, nobody else."""
        return self.path == MEMORY

    @property
    def log_path(self) -> str:
        """The write-ahead log, which SQLite keeps beside the file that a link leads to."""
        return f"{os.path.realpath(self.path)}-wal"

    def connect(self) -> Connection:
        """A connection that writes."""
        return connect(self.path, synchronous=self.synchronous)

    def require(self) -> None:
        """Make sure that there is a file, on a local disk, created for its owner only."""
        if self.is_memory:
            return
        path = Path(self.path)
        try:
            if path.is_dir():
                raise StoreUnavailable(self.url, "is a directory")
            require_local(path, self.url)
            create_file(path)
            FORKS.require_own(self.path, self.url)
        except StoreError:
            raise
        except FileNotFoundError as error:
            reason = f"the directory {path.parent} does not exist"
            raise StoreUnavailable(self.url, reason) from error
        except OSError as error:
            kind = StoreReadOnly if error.errno in _REFUSED else StoreUnavailable
            raise kind(self.url, error.strerror or str(error)) from error


LARGE_READS: Final = 4
"""Large reads at once that an event loop waits for."""
_REFUSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@attrs.frozen(kw_only=True, eq=False)
class Connections:
    """The writer, the readers, the checkpointer and the writer thread of process `pid`."""

    pid: int
    store_id: str
    file: FileIdentity | None
    writer: SqliteWriter
    readers: SqliteReaders | None
    checkpointer: Checkpointer | None
    writer_thread: DaemonPool
    large_reads: DaemonPool = attrs.field(factory=lambda: DaemonPool(LARGE_READS, "errands-read"))

    @classmethod
    def open(cls, file: SqliteFile) -> Self:
        """Open the file and bring its schema up to date. Raises the `StoreError`s of opening."""
        file.require()
        try:
            return cls._open(file)
        except StoreError:
            raise
        except NoThread as error:
            raise StoreUnavailable(file.url, str(error)) from error
        except Exception as error:
            store_error = translated(error, file.url)
            if store_error is None:
                raise
            raise store_error from error

    @classmethod
    def _open(cls, file: SqliteFile) -> Self:
        own = ForkSafeConnection(
            file.url,
            file.connect,
            is_memory=file.is_memory,
            writes_to=None if file.is_memory else file.path,
        )
        try:
            with own.lock:
                store_id = bring_up_to_date(
                    own.opened(),
                    file.url,
                    migrates=file.migrates,
                    busy_seconds=file.busy_seconds,
                )
        except BaseException:
            own.end()
            raise
        writer = SqliteWriter(own, file.url, file.busy_seconds)
        checkpointer = None if file.is_memory else _checkpointer(file, writer)
        try:
            opened = cls(
                pid=os.getpid(),
                store_id=store_id,
                file=None if file.is_memory else FileIdentity.of(file.path, file.url),
                writer=writer,
                readers=None if file.is_memory else SqliteReaders(file.path, file.url),
                checkpointer=checkpointer,
                writer_thread=DaemonPool(1, "errands-writer"),
            )
            if checkpointer is not None:
                checkpointer.start()
        except BaseException:
            if checkpointer is not None:
                checkpointer.stop()
            writer.close()
            raise
        return opened

    def require_file(self) -> None:
        """Raise `StoreUnavailable` where the file was removed or replaced."""
        if self.file is not None:
            self.file.require()

    def close(self) -> None:
        """Let what runs end, then close everything."""
        self.writer_thread.shutdown()
        self.large_reads.shutdown()
        if self.checkpointer is not None:
            self.checkpointer.stop()
        if self.readers is not None:
            self.readers.close()
        self.writer.close()


def _checkpointer(file: SqliteFile, writer: SqliteWriter) -> Checkpointer:
    checkpointer = Checkpointer(ForkSafeConnection(file.url, file.connect), writer)
    writer.committed = checkpointer.note_commit
    return checkpointer
