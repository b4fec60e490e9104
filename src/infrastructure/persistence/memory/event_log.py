"""The event log, in memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import islice

import attrs

from ....core.domain.events import Event, Hint
from ....core.domain.id_runs import IdRun
from ....core.ports.event_log import EventFilter, EventLog
from .tables import MemoryTables


@attrs.frozen(eq=False)
class MemoryEventLog(EventLog):
    """Events in a list; `hints` gathers what the store tells its wakeup after the commit."""

    tables: MemoryTables
    hints: set[Hint] = attrs.field(factory=set)

    def append(self, events: Collection[Event]) -> None:
        for event in events:
            self.tables.append_event(event)
            self.hints.add(Hint(event.queue, event.type))

    def read(self, after: int, limit: int, wanted: EventFilter) -> Sequence[Event]:
        start = bisect_right(self.tables.events, after, key=lambda event: event.id)
        behind = islice(self.tables.events, start, None)
        return list(islice((event for event in behind if wanted.is_for(event)), limit))

    def passed_over(self, after: int, up_to: int) -> Sequence[IdRun]:
        """Here events come in the order of the commits."""
        return ()

    def come_to_light(self, runs: Sequence[IdRun], limit: int) -> Sequence[Event]:
        """None is passed over, so that none comes late."""
        return ()

    def last_id(self) -> int:
        return self.tables.last_event_id

    def has_gone_back_behind(self, cursor: int) -> bool:
        return self.last_id() < cursor

    def prune(self, before: datetime, limit: int) -> int:
        old = islice((event for event in self.tables.events[:-1] if event.at < before), limit)
        count = sum(1 for _ in old)
        self.tables.cut_events(count)
        return count
