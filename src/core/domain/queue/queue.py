"""The named queue: its durable settings and what happened to it."""

from __future__ import annotations

from datetime import datetime

import attrs

from ..events import Event, EventType


@attrs.define(kw_only=True, eq=False)
class Queue:
    """One named queue, as every process sees it.

    A paused queue accepts jobs and gives out none. `turn` is the highest turn claimed
    so far. `drained_sequence` is the last sequence drawn when it was last found empty.
    """

    name: str
    is_paused: bool = False
    turn: int = 0
    drained_sequence: int = 0

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

    def drain(self, last_sequence: int, now: datetime) -> tuple[Event, ...]:
        """Note that nothing waits any more; told once for each last sequence."""
        if self.is_paused or last_sequence <= self.drained_sequence:
            return ()
        self.drained_sequence = last_sequence
        return (Event(EventType.DRAINED, now, self.name),)
