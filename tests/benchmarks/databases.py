"""Database files for the measures."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

from errands.infrastructure.persistence.sql.sqlite.driver import driver
from tests.benchmarks.jobs import NAME, QUEUE, application, data

_numbers: Final = count(1)


class Databases:
    """Makes files in one folder, which its owner removes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> str:
        """A path that no file has yet."""
        return str(self._folder / f"{next(_numbers)}-{name}")

    def new(self, waiting: int = 0) -> str:
        """A database made by the library itself, with so many jobs waiting."""
        path = self.path("new.db")
        with application(path).sync as app:
            if waiting:
                app.queue(QUEUE).add_many((NAME, data()) for _ in range(waiting))
        return path

    @contextmanager
    def copy(self, original: str) -> Generator[str]:
        """A copy of a database that nobody has open, removed after the block."""
        path = self.path("copy.db")
        shutil.copyfile(original, path)
        try:
            yield path
        finally:
            for suffix in ("", "-wal", "-shm"):
                Path(path + suffix).unlink(missing_ok=True)


def look(path: str, query: str, *parameters: Any) -> list[Any]:
    """The rows of a query on a connection of its own."""
    with closing(driver().connect(path, timeout=10)) as connection:
        rows: list[Any] = connection.execute(query, parameters).fetchall()
    return rows
