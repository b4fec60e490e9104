"""All connections of one process to one file."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Self

import attrs

from .....core.domain.errors import StoreError, StoreReadOnly, StoreUnavailable
from .checkpointer import Checkpointer
from .driver import MEMORY, Connection, connect, create_file, translated
from .file_identity import FileIdentity
from .filesystem import require_local
from .migrate import bring_up_to_date
from .readers import SqliteReaders
from .writer import SqliteWriter


@attrs.frozen(kw_only=True)
class Place:
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
        """The write-ahead log beside the file."""
        return f"{self.path}-wal"

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
        except StoreError:
            raise
        except FileNotFoundError as error:
            reason = f"the directory {path.parent} does not exist"
            raise StoreUnavailable(self.url, reason) from error
        except OSError as error:
            kind = StoreReadOnly if error.errno in _REFUSED else StoreUnavailable
            raise kind(self.url, error.strerror or str(error)) from error


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
    writer_thread: ThreadPoolExecutor

    @classmethod
    def open(cls, place: Place) -> Self:
        """Open the file and bring its schema up to date. Raises the `StoreError`s of opening."""
        place.require()
        try:
            return cls._open(place)
        except StoreError:
            raise
        except Exception as error:
            told = translated(error, place.url)
            if told is None:
                raise
            raise told from error

    @classmethod
    def _open(cls, place: Place) -> Self:
        connection = connect(place.path, synchronous=place.synchronous)
        second = None
        try:
            store_id = bring_up_to_date(
                connection, place.url, migrates=place.migrates, busy_seconds=place.busy_seconds
            )
            if not place.is_memory:
                second = connect(place.path, synchronous=place.synchronous)
        except BaseException:
            connection.close()
            raise
        writer = SqliteWriter(connection, place.url, place.busy_seconds)
        return cls(
            pid=os.getpid(),
            store_id=store_id,
            file=None if place.is_memory else FileIdentity.of(place.path, place.url),
            writer=writer,
            readers=None if place.is_memory else SqliteReaders(place.path, place.url),
            checkpointer=None if second is None else _checkpointer(second, writer),
            writer_thread=ThreadPoolExecutor(1, thread_name_prefix="errands-writer"),
        )

    def require_file(self) -> None:
        """Raise `StoreUnavailable` where the file was removed or replaced."""
        if self.file is not None:
            self.file.require()

    def close(self) -> None:
        """Let what runs end, then close everything."""
        self.writer_thread.shutdown(wait=True)
        if self.checkpointer is not None:
            self.checkpointer.stop()
        if self.readers is not None:
            self.readers.close()
        self.writer.close()


def _checkpointer(connection: Connection, writer: SqliteWriter) -> Checkpointer:
    checkpointer = Checkpointer(connection, writer)
    writer.committed = checkpointer.note_commit
    checkpointer.start()
    return checkpointer
