"""The database as a thing, apart from the jobs in it."""

from __future__ import annotations

from typing import Protocol

import attrs


@attrs.frozen
class DatabaseFacts:
    """What a database is and how big. `revision` is None where it holds no queue yet.

    `newest_revision` is the one this version works with. Sizes in bytes, None where the
    database is no file.
    """

    url: str
    engine: str
    exists: bool
    revision: str | None
    newest_revision: str
    size: int | None = None
    wal_size: int | None = None

    @property
    def is_current(self) -> bool:
        """Whether this version can work with it as it is."""
        return self.exists and self.revision == self.newest_revision


class Database(Protocol):
    """Looks at a database from outside: opens no store, creates and changes nothing."""

    def facts(self) -> DatabaseFacts:
        """What it is. Raises `StoreError` where it exists and cannot be read."""
        ...

    def damage(self, *, thorough: bool) -> list[str]:
        """What its own integrity check finds, a sentence each; nothing for a sound one."""
        ...

    def missing_parts(self) -> list[str]:
        """Tables, indexes and views that the schema should have and has not."""
        ...
