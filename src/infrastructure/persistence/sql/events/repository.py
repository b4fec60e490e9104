"""The event log, in SQL."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import takewhile

import attrs
from sqlalchemy import delete, select

from .....core.domain.events import Event, EventType, Hint
from .....core.domain.id_runs import IdRun, between, joined, without
from .....core.ports.event_log import EventFilter, EventLog
from ..sql_connection import SqlConnection
from ..statement import Row
from ..times import ms
from .id_ranges import batched, is_in
from .rows import EVENT, event_from_row, event_values
from .statements import read_events
from .watermark import Watermark


@attrs.define(eq=False)
class SqlEventLog(EventLog):
    """Events as rows; `hints` gathers what the store tells its wakeup after the commit."""

    sql: SqlConnection
    now: datetime
    hints: set[Hint] = attrs.field(factory=set)
    _watermark: Watermark | None = attrs.field(default=None, init=False)

    def append(self, events: Collection[Event]) -> None:
        if events:
            self.sql.dialect.events.append(self.sql, self.rows(events))

    def rows(self, events: Collection[Event]) -> Sequence[Row]:
        """Events as rows; the wakeup will be told of them."""
        at = ms(self.now)
        self._hint(events)
        return [event_values(event, at) for event in events]

    def _hint(self, events: Collection[Event]) -> None:
        """One hint for each run of events of one kind: they come in runs."""
        kind, queue = None, None
        for event in events:
            if event.type is not kind or event.queue != queue:
                kind, queue = event.type, event.queue
                self.hints.add(Hint(queue, kind))

    def read(self, after: int, limit: int, wanted: EventFilter) -> Sequence[Event]:
        dialect, last = self.sql.dialect, self._low
        given = [value for value in (last, wanted.queue, wanted.job_id) if value is not None]
        types = sorted(kind.value for kind in wanted.types or EventType)
        statement = read_events(
            dialect.statements.events,
            by_queue=wanted.queue is not None,
            by_job=wanted.job_id is not None,
            types=len(types),
            is_bounded=last is not None,
        )
        rows = self.sql.rows(statement, (after, *given, *types, limit))
        return [event_from_row(row) for row in rows]

    def passed_over(self, after: int, up_to: int) -> Sequence[IdRun]:
        passed = () if self.watermark is None else self.watermark.passed
        return self._not_in_sight(between(passed, after, up_to))

    def _not_in_sight(self, runs: Sequence[IdRun]) -> Sequence[IdRun]:
        event, left = self.sql.dialect.tables.events.c, list[IdRun]()
        for part in batched(runs):
            there = select(event.id).where(is_in(event.id, part)).order_by(event.id)
            seen = [row[0] for row in self.sql.select(there)]
            for run in part:
                mine = seen[bisect_left(seen, run.first) : bisect_right(seen, run.last)]
                left += without(run, mine)
        return left

    def come_to_light(self, runs: Sequence[IdRun], limit: int) -> Sequence[Event]:
        event, found = self.sql.dialect.tables.events.c, list[Event]()
        known = event.type.in_(sorted(kind.value for kind in EventType))
        for part in batched(joined(runs)):
            there = select(event.id, *(event[name] for name in EVENT)).where(
                is_in(event.id, part), known
            )
            rest = there.order_by(event.id).limit(limit - len(found))
            found += map(event_from_row, self.sql.select(rest))
            if len(found) >= limit:
                break
        return found

    def last_id(self) -> int:
        last = self._low
        return self.sql.dialect.events.last(self.sql) if last is None else last

    def has_gone_back_behind(self, cursor: int) -> bool:
        return max(self.last_id(), self.held_back) < cursor

    @property
    def held_back(self) -> int:
        """The newest event in sight where not all before it are sure to be there; else 0."""
        watermark = self._watermark
        return 0 if watermark is None or watermark.low >= watermark.high else watermark.high

    @property
    def watermark(self) -> Watermark | None:
        """One answer for all of a unit: what is read and where it ends must go together.

        None where every event in sight is settled. Nobody else waits while the server is asked.
        """
        if self._watermark is None:
            self._watermark = self.sql.dialect.events.watermark(self.sql)
        return self._watermark

    @property
    def _low(self) -> int | None:
        watermark = self.watermark
        return None if watermark is None else watermark.low

    def prune(self, before: datetime, limit: int) -> int:
        """Remove the oldest first: ids grow with time.

        The newest event always stays: the next id is one more than the highest, and no id may
        come again.
        """
        event = self.sql.dialect.tables.events
        newest = self.sql.dialect.events.last(self.sql)
        oldest = select(event.c.id, event.c.at).order_by(event.c.id).limit(limit)
        head = self.sql.select(oldest)
        is_old = (at < ms(before) and id_ < newest for id_, at in head)
        count = sum(takewhile(bool, is_old))
        if not count:
            return 0
        return self.sql.execute(delete(event).where(event.c.id <= head[count - 1][0]))
