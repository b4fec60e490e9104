"""A whole store as values: read in pages, and written into another one exactly as it was."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import attrs

from ..domain.events import Event
from ..domain.job.job import Job
from .job_logs import LogLine


@attrs.frozen
class Counters:
    """How far a store has counted: its highest sequence, and the id of its newest event."""

    sequence: int
    event: int


@attrs.frozen
class Contents:
    """How much a store holds."""

    jobs: int
    events: int
    queues: int

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing that a copy could be mixed up with."""
        return not (self.jobs or self.events or self.queues)


class CopyStage(StrEnum):
    """Where the copying into a store stands; each value is also its spelling in storage."""

    COPYING = "copying"
    SPOILT = "spoilt"
    """It turned out to differ from its source: nothing can be done but to begin anew."""
    FINISHED = "finished"
    """It was compared with its source, and was the same."""


@attrs.frozen
class CopyState:
    """How far the copying of another store into this one has come; kept in this one.

    `source` is the other store's id, `counters` is how far it had counted when the copying
    began, for the `time`th time. `key` and `event` are the last job and event that are here.
    """

    source: str
    counters: Counters
    time: int = 1
    key: int = 0
    event: int = 0
    stage: CopyStage = CopyStage.COPYING


@attrs.frozen(eq=False)
class ArchivedJob:
    """A job with all that belongs to it: its log lines, in order."""

    job: Job
    lines: tuple[LogLine, ...] = ()


class Archive(Protocol):
    """Reads everything there is, and writes it with its keys, ids, versions and times.

    What it writes tells no event and wakes nobody.
    """

    def store_id(self) -> str:
        """What tells this store from all others."""
        ...

    def counters(self) -> Counters:
        """How far the store has counted."""
        ...

    def contents(self) -> Contents:
        """How much there is, counted exactly."""
        ...

    def jobs(self, after: int, limit: int) -> list[ArchivedJob]:
        """The next `limit` jobs by key, with their log lines."""
        ...

    def events(self, after: int, limit: int) -> list[Event]:
        """The next `limit` events by id: all that are in sight, settled or not."""
        ...

    def insert_jobs(self, jobs: Sequence[ArchivedJob]) -> None:
        """Write jobs under their own keys. Raises `StoreError` where a key or an id is taken."""
        ...

    def insert_events(self, events: Sequence[Event]) -> None:
        """Write events under their own ids. Raises `StoreError` where one is taken."""
        ...

    def raise_counters(self, counters: Counters) -> None:
        """Let no sequence and no event id up to these be given out; never counts back."""
        ...

    def clear(self) -> None:
        """Remove every job, log line, event and queue; what was counted stays counted."""
        ...

    def copy_state(self) -> CopyState | None:
        """How far the copying into this store has come; None where none was begun."""
        ...

    def save_copy_state(self, before: CopyState | None, after: CopyState) -> bool:
        """Write the state if it is still the one `before`; whether it was."""
        ...
