"""The log lines that handlers write for people."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import attrs


@attrs.frozen
class LogLine:
    """One line; `number` grows by one with each, and begins at 1 in an empty log."""

    number: int
    at: datetime
    text: str


class JobLogs(Protocol):
    """Log lines of jobs, bounded per job; runs write them through `RunJournal`."""

    def read(self, key: int, *, limit: int) -> list[LogLine]:
        """The newest `limit` lines of a job, oldest first."""
        ...

    def clear(self, key: int, *, keep: int) -> int:
        """Remove all but the newest `keep` lines and return how many went."""
        ...
