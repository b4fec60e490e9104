"""The database that is none: this process's memory."""

from __future__ import annotations

import attrs

from ....core.ports.database import Database, DatabaseFacts


@attrs.frozen(eq=False)
class MemoryDatabase(Database):
    """Always there, always sound, never older than the program."""

    url: str

    def facts(self) -> DatabaseFacts:
        return DatabaseFacts(
            url=self.url, engine="memory", exists=True, revision="-", newest_revision="-"
        )

    def damage(self, *, thorough: bool) -> list[str]:
        return []

    def missing_parts(self) -> list[str]:
        return []
