"""The log lines that handlers write for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from .lease_repository import Held


@attrs.frozen
class LogLine:
    """One line; `number` grows by one with each, and begins at 1 in an empty log."""

    number: int
    at: datetime
    text: str


@attrs.frozen
class NewLine:
    """A line to add for a run, keeping the newest `keep` lines of its job."""

    held: Held
    text: str
    keep: int


class JobLogs(Protocol):
    """Log lines of jobs, bounded per job."""

    def append(self, lines: Sequence[NewLine]) -> list[int | None]:
        """Add lines in order; how many are kept then, None where the lease is lost."""
        ...

    def read(self, key: int, *, limit: int) -> list[LogLine]:
        """The newest `limit` lines of a job, oldest first."""
        ...

    def clear(self, key: int, *, keep: int) -> int:
        """Remove all but the newest `keep` lines and return how many went."""
        ...
