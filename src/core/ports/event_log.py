"""The log of events: written with the change, read behind a cursor."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

import attrs

from ..domain.events import Event, EventType


@attrs.frozen
class EventFilter:
    """Which events to read; empty means all."""

    queue: str | None = None
    job_id: str | None = None
    types: frozenset[EventType] = frozenset()


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

    def last_id(self) -> int:
        """The id of the newest event, 0 if there is none."""
        ...

    def prune(self, before: datetime, limit: int) -> int:
        """Remove at most `limit` events older than `before`; how many went."""
        ...
