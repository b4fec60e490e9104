"""The event log, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cached_property
from itertools import takewhile

import attrs
from sqlalchemy import delete, select

from ....core.domain.events import Event, EventType, Hint
from ....core.ports.event_log import EventFilter, EventLog
from . import questions
from .mapping import Row, event_from_row, event_values, ms
from .server.horizon import Settled
from .session import Session


@attrs.frozen(eq=False, slots=False)
class SqlEventLog(EventLog):
    """Events as rows; `hints` gathers what the store tells its wakeup after the commit."""

    session: Session
    now: datetime
    hints: set[Hint] = attrs.field(factory=set)

    def append(self, events: Collection[Event]) -> None:
        """See the port."""
        if events:
            self.session.grammar.append_events(self.session, self.rows(events))

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
        """See the port."""
        grammar, last = self.session.grammar, self._last_settled
        given = [value for value in (last, wanted.queue, wanted.job_id) if value is not None]
        types = sorted(kind.value for kind in wanted.types or EventType)
        statement = questions.read_events(
            grammar.statements,
            by_queue=wanted.queue is not None,
            by_job=wanted.job_id is not None,
            types=len(types),
            is_bounded=last is not None,
        )
        rows = self.session.rows(statement, (after, *given, *types, limit))
        return [event_from_row(row) for row in rows]

    def last_id(self) -> int:
        """See the port."""
        last = self._last_settled
        if last is None:
            last = self.session.rows(self.session.grammar.statements.last_event)[0][0]
        return int(last or 0)

    @property
    def held_back(self) -> int:
        """The newest event in sight where not all before it are sure to be there; else 0."""
        settled = self.settled if "settled" in vars(self) else None
        return 0 if settled is None or settled.last >= settled.newest else settled.newest

    @cached_property
    def settled(self) -> Settled | None:
        """One answer for all of a unit: what is read and where it ends must go together."""
        return self.session.grammar.settled_events(self.session)

    @property
    def _last_settled(self) -> int | None:
        return None if self.settled is None else self.settled.last

    def prune(self, before: datetime, limit: int) -> int:
        """See the port.

        Ids grow with time, so the oldest come first by id. The newest event always
        stays: the next id is one more than the highest, and no id may come again.
        """
        event = self.session.grammar.tables.events
        newest = self.session.rows(self.session.grammar.statements.last_event)[0][0] or 0
        oldest = select(event.c.id, event.c.at).order_by(event.c.id).limit(limit)
        head = self.session.select(oldest)
        is_old = (at < ms(before) and id_ < newest for id_, at in head)
        count = sum(takewhile(bool, is_old))
        if not count:
            return 0
        return self.session.execute(delete(event).where(event.c.id <= head[count - 1][0]))
