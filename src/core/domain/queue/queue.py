"""The named queue: its durable settings and what happened to it."""

from __future__ import annotations

from datetime import datetime

import attrs

from ..beside import BESIDE
from ..events import Event, EventType


@attrs.define(kw_only=True, eq=False)
class Queue:
    """One named queue, as every process sees it.

    A paused queue accepts jobs and gives out none. `turn` is the highest turn claimed
    so far. `drained_at` is when it was last told that nothing waits. `is_known` is False for
    one that was never used, or not since it was obliterated.
    """

    name: str
    is_paused: bool = False
    turn: int = 0
    drained_at: datetime | None = None
    is_known: bool = attrs.field(default=True, metadata={BESIDE: True})

    def pause(self, now: datetime) -> tuple[Event, ...]:
        """Give out no more jobs; a second pause changes nothing."""
        if self.is_paused:
            return ()
        self.is_paused = True
        return (Event(EventType.PAUSED, now, self.name),)

    def resume(self, now: datetime) -> tuple[Event, ...]:
        """Give out jobs again; a second resume changes nothing."""
        if not self.is_paused:
            return ()
        self.is_paused = False
        return (Event(EventType.RESUMED, now, self.name),)

    def note_empty(self, last_claim: datetime, now: datetime) -> tuple[Event, ...]:
        """Note that nothing waits any more; told once after the last claim of any worker."""
        if self.is_paused or (self.drained_at is not None and last_claim < self.drained_at):
            return ()
        self.drained_at = now
        return (Event(EventType.DRAINED, now, self.name),)
