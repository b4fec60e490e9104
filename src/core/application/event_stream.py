"""Events behind a cursor, as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from functools import partial
from typing import Final

from ..domain.errors import InvalidOption
from ..domain.events import Event, EventType, Hint
from ..domain.job import defaults
from ..ports.event_log import EventFilter
from ..ports.store import Store
from ..ports.wakeup import Wakeup
from .requests import checked_cursor
from .signal import Signal
from .use_cases import look

PAGE: Final = 500


class EventStream:
    """Reads the log at least once, in order, and skips nothing; reading never blocks a worker."""

    def __init__(self, *, store: Store, wakeup: Wakeup, poll: timedelta = defaults.POLL) -> None:
        self._store = store
        self._wakeup = wakeup
        self._poll = poll.total_seconds()

    async def read(
        self,
        *,
        after: int | None = None,
        queue: str | None = None,
        types: Iterable[EventType | str] = (),
        job_id: str | None = None,
        follow: bool = True,
    ) -> AsyncIterator[Event]:
        """Events behind `after`, or from now on; with `follow` for ever."""
        wanted = EventFilter(queue, job_id, checked_types(types))
        signal = Signal()
        unsubscribe = self._wakeup.subscribe(partial(_matters, wanted), signal.set)
        try:
            cursor = checked_cursor(after)
            if cursor is None:
                cursor = await self._store.read(look.last_event_id)
            while True:
                work = partial(look.read_page, after=cursor, limit=PAGE, wanted=wanted)
                page, end = await self._store.read(work)
                for event in page:
                    yield event
                cursor = end
                if len(page) < PAGE:
                    if not follow:
                        return
                    await signal.wait(self._poll)
        finally:
            unsubscribe()


def checked_types(types: Iterable[EventType | str]) -> frozenset[EventType]:
    """Event types from themselves or their names."""
    try:
        return frozenset(EventType(kind) for kind in types)
    except ValueError as error:
        raise InvalidOption("types", str(error)) from error


def _matters(wanted: EventFilter, hint: Hint) -> bool:
    fits_queue = wanted.queue is None or hint.queue == wanted.queue
    return fits_queue and (not wanted.types or hint.type in wanted.types)
