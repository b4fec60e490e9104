"""Large databases, fast: the jobs and events that are there, copied many times over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import attrs

from errands.infrastructure.persistence.sql.schema import Tables

_LATER: Final = 0x50000000
"""A job id begins with eight digits of its time: clones get later ones, in order."""


@attrs.frozen(kw_only=True)
class Cloning:
    """Statements that clone all `count` jobs, whose highest key is `step`."""

    tables: Tables
    count: int
    step: int
    quoted: Callable[[str], str]
    joined: str
    """An expression for text, and what comes of a column behind its eighth sign."""

    def until(self, more: int) -> Iterator[str]:
        """Those that make `more` jobs more, with their events."""
        turns, rest = divmod(more, self.count)
        for turn in range(1, turns + 1):
            yield from self._turn(turn, self.count)
        if rest:
            yield from self._turn(turns + 1, rest)

    def _turn(self, turn: int, count: int) -> Iterator[str]:
        key, shift = self.quoted("key"), turn * self.step
        keys = f"{key} <= {self.step}"
        changed = {
            "key": f"{key} + {shift}",
            "sequence": f"{self.quoted('sequence')} + {shift}",
            "id": self._id("id", turn),
            "job_id": self._id("job_id", turn),
        }
        job = [column.name for column in self.tables.jobs.columns]
        event = [column.name for column in self.tables.events.columns if column.name != "id"]
        yield (
            f"INSERT INTO errands_job ({self._list(job)}) SELECT {self._list(job, changed)}"
            f" FROM errands_job WHERE {keys} ORDER BY {key} LIMIT {count}"
        )
        yield (
            f"INSERT INTO errands_event ({self._list(event)}) SELECT {self._list(event, changed)}"
            f" FROM errands_event"
            f" WHERE job_id IN (SELECT id FROM errands_job WHERE {key} <= {count}) ORDER BY id"
        )

    def _list(self, names: list[str], changed: dict[str, str] | None = None) -> str:
        return ", ".join((changed or {}).get(name) or self.quoted(name) for name in names)

    def _id(self, column: str, turn: int) -> str:
        return self.joined.format(f"{_LATER + turn:08x}", column)
