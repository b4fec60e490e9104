# Generated from event_stream.py: change that, then run `make generate`.
"""Events behind a cursor, as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Final

import attrs

from ..domain.events import Event, Hint
from ..domain.job import defaults
from ..ports.event_log import EventFilter
from ..ports.store import Store
from ..ports.wakeup import Wakeup
from .missed_events import Missed
from .thread_wake_event import ThreadWakeEvent
from .use_cases import read

PAGE: Final = 500


class SyncEventStream:
    """Reads the log at least once, in order, and skips nothing; reading never blocks a worker.

    What a transaction had written that stayed open for more than a minute comes when it has
    committed, marked as late: the rest of the log does not wait for it for longer.

    Synchronous: for programs without an event loop, from any thread.
    """

    def __init__(
        self,
        *,
        store: Store,
        wakeup: Wakeup,
        poll: timedelta = defaults.POLL,
        has_read: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._has_read = has_read
        self._wakeup = wakeup
        self._poll = poll.total_seconds()

    def read(
        self,
        after: int | None,
        wanted: EventFilter,
        *,
        follow: bool = True,
        missed: Missed | None = None,
    ) -> Iterator[Event]:
        """Events behind the cursor `after`, or from now on; with `follow` for ever.

        `missed` is what was passed over on the way to this cursor; who has not kept it looks
        for all that is passed over at this moment.
        """
        signal, matters = ThreadWakeEvent(), partial(_matters, wanted)
        unsubscribe = self._wakeup.subscribe(matters, signal.set) if follow else _nothing
        try:
            if missed is None:
                begin = self._store.read_sync(partial(read.begin_reading, after=after))
                after, missed = begin.cursor, Missed()
                missed.note(begin.passed)
            cursor = after or 0
            while True:
                work = partial(
                    read.read_page, after=cursor, limit=PAGE, wanted=wanted, missed=missed.runs
                )
                page = self._store.read_sync(work)
                self._has_read()
                missed.note(page.passed)
                for event in page.events:
                    yield event
                for event in page.late:
                    if event.id <= cursor and wanted.is_for(event):
                        yield attrs.evolve(event, is_late=True)
                missed.forget(event.id for event in page.late)
                cursor = page.end
                if max(len(page.events), len(page.late)) < PAGE:
                    if not follow:
                        return
                    signal.wait(self._poll)
        finally:
            unsubscribe()


def _nothing() -> None:
    pass


def _matters(wanted: EventFilter, hint: Hint) -> bool:
    fits_queue = wanted.queue is None or hint.queue == wanted.queue
    return fits_queue and (not wanted.types or hint.type in wanted.types)
