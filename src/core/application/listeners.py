"""Functions that are called with events, at their own pace."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterable
from typing import Any

from ..domain.events import Event, EventType
from ..ports.store import Store
from ..ports.wakeup import Wakeup
from .event_stream import EventStream, checked_types
from .use_cases.look import last_event_id

_log = logging.getLogger("errands.listeners")


ListenerFunction = Callable[[Event], Any]


class Listener:
    """A function and the events it wants."""

    def __init__(
        self, function: ListenerFunction, types: Iterable[EventType | str], queue: str | None
    ) -> None:
        self.function = function
        self.types = checked_types(types)
        self.queue = queue

    async def call(self, event: Event) -> None:
        """Call the function; its error is logged and goes no further."""
        try:
            if inspect.iscoroutinefunction(self.function):
                await self.function(event)
            else:
                await asyncio.to_thread(self.function, event)
        except Exception:  # noqa: BLE001 - a listener must not stop the others
            _log.exception("a listener failed on %s", event)


class Listeners:
    """Each listener reads the log behind a cursor of its own, in a task of its own."""

    def __init__(self, *, store: Store, wakeup: Wakeup) -> None:
        self._store = store
        self._wakeup = wakeup
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, listener: Listener) -> None:
        """Feed a listener with what happens from now on."""
        cursor = self._store.read_sync(last_event_id)
        task = asyncio.ensure_future(self._feed(listener, cursor))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def has_ended(self) -> bool:
        """Whether its event loop has, and with it all feeding."""
        return self._loop.is_closed()

    async def close(self) -> None:
        """Feed nobody any more."""
        if self.has_ended:
            return
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _feed(self, listener: Listener, cursor: int) -> None:
        stream = EventStream(store=self._store, wakeup=self._wakeup)
        while True:
            try:
                events = stream.read(after=cursor, queue=listener.queue, types=listener.types)
                async for event in events:
                    await listener.call(event)
                    cursor = event.id
            except Exception as error:  # noqa: BLE001 - the store comes back, and so do events
                _log.warning("events were not read, trying again: %s", error)
                await asyncio.sleep(1)
