"""The log of events: written with the change, read behind a cursor."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

import attrs

from ..domain.events import Event, EventType
from ..domain.id_runs import IdRun


@attrs.frozen
class EventFilter:
    """Which events to read; empty means all."""

    queue: str | None = None
    job_id: str | None = None
    types: frozenset[EventType] = frozenset()

    def is_for(self, event: Event) -> bool:
        """Whether the event is wanted."""
        return (
            (self.queue is None or event.queue == self.queue)
            and (self.job_id is None or event.job_id == self.job_id)
            and (not self.types or event.type in self.types)
        )


class EventLog(Protocol):
    """Events in the order of their commits; readers skip nothing."""

    def append(self, events: Collection[Event]) -> None:
        """Add events, in order, to this transaction."""
        ...

    def read(self, after: int, limit: int, wanted: EventFilter) -> Sequence[Event]:
        """At most `limit` wanted events with a greater id than `after`, in order.

        Events of types that a newer version has written and this one does not know are left out.
        """
        ...

    def passed_over(self, after: int, up_to: int) -> Sequence[IdRun]:
        """The ids between these that readers pass, though their events may still come to light."""
        ...

    def come_to_light(self, runs: Sequence[IdRun], limit: int) -> Sequence[Event]:
        """At most `limit` of the events with these ids, which are there by now."""
        ...

    def last_id(self) -> int:
        """The id of the newest event, 0 if there is none."""
        ...

    def has_gone_back_behind(self, cursor: int) -> bool:
        """Whether no event is there, settled or not, that a reader with this cursor may have read.

        The newest is never removed: the server has lost what it had, and gives out ids again.
        """
        ...

    def prune(self, before: datetime, limit: int) -> int:
        """Remove at most `limit` events older than `before`; how many went."""
        ...
