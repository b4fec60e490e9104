"""A SQLite file, looked at from outside."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import attrs

from .....core.domain.store_errors import StoreUnavailable
from .....core.ports.database import Database, DatabaseFacts
from ..schema import REVISIONS
from .connections import SqliteFile
from .driver import Connection, connect_reader, driver, translated
from .fork_safe_connection import ForkSafeConnection
from .forks import FORKS
from .migrate import current_revision
from .schema import TABLES

SOUND: Final = "ok"
"""What SQLite's checks answer when they find nothing."""


@attrs.frozen(eq=False)
class SqliteDatabase(Database):
    """Opens a reader of its own for each look, and never makes a file."""

    file: SqliteFile

    def facts(self) -> DatabaseFacts:
        path = Path(self.file.path)
        exists = self.file.is_memory or path.is_file()
        return DatabaseFacts(
            url=self.file.url,
            engine=f"SQLite {driver().sqlite_version}",
            exists=exists,
            revision=self._revision() if path.is_file() else None,
            newest_revision=REVISIONS[-1],
            size=_size(path),
            wal_size=_size(Path(self.file.log_path)),
        )

    def damage(self, *, thorough: bool) -> list[str]:
        if self.file.is_memory:
            return []
        pragma = "PRAGMA integrity_check" if thorough else "PRAGMA quick_check"
        with self._reader() as connection:
            lines = [str(row[0]) for row in connection.execute(pragma)]
        return [line for line in lines if line != SOUND]

    def missing_parts(self) -> list[str]:
        if self.file.is_memory:
            return []
        with self._reader() as connection:
            there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        tables = {table.name for table in TABLES.metadata.sorted_tables} - there
        indexes = {
            str(index.name) for table in TABLES.metadata.sorted_tables for index in table.indexes
        } - there
        return [
            *(f"table {name}" for name in sorted(tables)),
            *(f"index {n}" for n in sorted(indexes)),
            *(f"view {name}" for name in {TABLES.backlog} - there),
        ]

    def _revision(self) -> str | None:
        with self._reader() as connection:
            return current_revision(connection)

    @contextmanager
    def _reader(self) -> Generator[Connection, None, None]:
        if not Path(self.file.path).is_file():
            raise StoreUnavailable(self.file.url, "it does not exist")
        FORKS.require_own(self.file.path, self.file.url)
        own = ForkSafeConnection(self.file.url, partial(connect_reader, self.file.path))
        try:
            with own.lock:
                try:
                    yield own.opened()
                finally:
                    own.end()
        except Exception as error:
            store_error = translated(error, self.file.url)
            if store_error is None:
                raise
            raise store_error from error


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
