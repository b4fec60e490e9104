"""The event log, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import attrs
from sqlalchemy import delete, func, select

from ....core.domain.events import Event, Hint
from ....core.ports.event_log import EventFilter, EventLog
from . import questions, statements
from .mapping import event_from_row, event_values, to_ms
from .schema import events as table
from .session import Session

_c = table.c


@attrs.frozen(eq=False)
class SqlEventLog(EventLog):
    """Events as rows; `hints` gathers what the store tells its wakeup after the commit."""

    session: Session
    now: datetime
    hints: set[Hint] = attrs.field(factory=set)

    def append(self, events: Collection[Event]) -> None:
        """See the port."""
        if not events:
            return
        at = to_ms(self.now) or 0
        rows = [event_values(event, at) for event in events]
        self.session.write_many(statements.APPEND_EVENTS, rows)
        self._hint(events)

    def _hint(self, events: Collection[Event]) -> None:
        """One hint for each run of events of one kind: they come in runs."""
        kind, queue = None, None
        for event in events:
            if event.type is not kind or event.queue != queue:
                kind, queue = event.type, event.queue
                self.hints.add(Hint(queue, kind))

    def read(self, after: int, limit: int, wanted: EventFilter) -> Sequence[Event]:
        """See the port."""
        owner = [name for name in (wanted.queue, wanted.job_id) if name is not None]
        types = sorted(kind.value for kind in wanted.types)
        statement = questions.read_events(
            by_queue=wanted.queue is not None, by_job=wanted.job_id is not None, types=len(types)
        )
        rows = self.session.rows(statement, (after, *owner, *types, limit))
        return [event_from_row(row) for row in rows]

    def last_id(self) -> int:
        """See the port."""
        return int(self.session.rows(statements.LAST_EVENT)[0][0] or 0)

    def prune(self, before: datetime, limit: int) -> int:
        """See the port.

        Ids grow with time, so the oldest come first by id. The newest event always
        stays: the next id is one more than the highest, and no id may come again.
        """
        head = select(_c.id, _c.at).order_by(_c.id).limit(limit).subquery()
        newest = select(func.max(_c.id)).scalar_subquery()
        old = select(head.c.id).where(head.c.at < to_ms(before), head.c.id < newest)
        return self.session.execute(delete(table).where(_c.id.in_(old)))
