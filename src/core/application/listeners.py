"""Functions that are called with events, at their own pace."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final
from weakref import WeakSet

import attrs

from ..domain.events import Event
from ..domain.store_errors import StoreNotOpen
from ..ports.event_log import EventFilter
from ..ports.executor import Executor, NoThread
from ..ports.store import Store
from ..ports.wakeup import Wakeup
from .at_fork import at_fork
from .backoff import LONGEST_AWAY, Backoff
from .event_stream import EventStream
from .missed_events import Missed
from .outage import Outage
from .registry import checked_function
from .trouble import Complaint
from .use_cases.read import Begin, begin_reading
from .wake_event import WakeEvent

LAST_CALL_SECONDS: Final = 1.0
"""How long a listener that is being called may go on when feeding ends."""
AFTER_ERROR_SECONDS: Final = 1.0

_log = logging.getLogger("errands.listeners")


ListenerFunction = Callable[[Event], Any]


class Listener:
    """A function and the events it wants."""

    def __init__(self, function: ListenerFunction, wanted: EventFilter) -> None:
        self.function: ListenerFunction = checked_function(function, "listener")
        self.wanted = wanted
        self.is_async = inspect.iscoroutinefunction(function)
        """Whether a call can be broken off; a plain function that is called ends by itself."""

    async def call(self, event: Event, executor: Executor, begun: Callable[[], None]) -> None:
        """Call the function, a plain one in a thread; its error is logged and goes no further.

        Whatever it raises: only who cancels the feeding itself ends it. `begun` is called where
        a plain one is sure to be called, though this may not see it. Raises `NoThread` where
        there is none for it.
        """
        try:
            if self.is_async:
                await self.function(event)
            else:
                calling = executor.submit(partial(self.function, event))
                begun()
                await _to_its_end(calling)
        except (GeneratorExit, NoThread):
            raise
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            _log.exception("a listener failed on %s", event)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _to_its_end(calling: asyncio.Future[object]) -> None:
    try:
        await asyncio.shield(calling)
    except asyncio.CancelledError:
        await asyncio.wait([calling], timeout=LAST_CALL_SECONDS)
        raise


@attrs.define(eq=False)
class Feed:
    """A listener, the last event that it was called with, and the task that calls it.

    `missed` are the events on the way there that may still come, however often it is begun anew.
    """

    listener: Listener
    cursor: int
    missed: Missed
    task: asyncio.Task[None] | None = None

    def has_told(self, event: Event) -> None:
        """The listener has had this event: it is not called with it again."""
        if event.is_late:
            self.missed.forget([event.id])
        else:
            self.cursor = event.id


class Listeners:
    """Each listener reads the log behind a cursor of its own, in a task of its own.

    They are fed on the first event loop that has the application open, as long as it has;
    then on another one that has, from where they were. Safe from any thread. In a forked child
    that is an event loop of its own, which opens the application once more.
    """

    def __init__(
        self,
        *,
        store: Store,
        wakeup: Wakeup,
        executor: Executor,
        outage: Outage,
        chance: Callable[[], float],
    ) -> None:
        self._outage = outage
        self._chance = chance
        self._store = store
        self._wakeup = wakeup
        self._executor = executor
        self._inherited: list[list[Feed]] = []
        """Those of the parent: a task that is forgotten while it waits complains."""
        self._begin_anew()
        _all.add(self)

    def _begin_anew(self) -> None:
        self._lock = threading.RLock()
        self._openings: dict[asyncio.AbstractEventLoop, int] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._feeds: list[Feed] = []

    async def begin(self, listeners: Sequence[Listener]) -> None:
        """The running loop has the application open, once more: feed them from now on."""
        loop = asyncio.get_running_loop()
        with self._lock:
            self._forget_closed_loops()
            is_fed = self._loop is not None or not listeners
        begin = None if is_fed else await self._store.read(begin_reading)
        with self._lock:
            self._openings[loop] = self._openings.get(loop, 0) + 1
            if self._loop is not None:
                return
            self._loop = loop
            if begin is None and listeners:  # Another loop has just stopped feeding them.
                begin = self._store.read_sync(begin_reading)
            self._feeds = [_feed_from(begin, listener) for listener in listeners]
        self._start()

    async def end(self) -> None:
        """The running loop has it open once less; with the last time its feeding ends."""
        loop = asyncio.get_running_loop()
        with self._lock:
            self._forget_closed_loops()
            left = self._openings.pop(loop, 0) - 1
            if left > 0:
                self._openings[loop] = left
            if left > 0 or self._loop is not loop:
                return
            self._loop = next(iter(self._openings), None)
        await self._stop()
        self._start_there()

    def add(self, listener: Listener) -> None:
        """Feed one more, if any are fed, with what happens from now on."""
        with self._lock:
            self._forget_closed_loops()
            loop = self._loop
        if loop is None and self._inherited:
            _log.warning(
                "this process was forked with the application open: its listeners are fed when an "
                "event loop of its own opens it (async with app)"
            )
        if loop is not None and all(feed.listener is not listener for feed in self._feeds):
            self._feeds.append(_feed_from(self._store.read_sync(begin_reading), listener))
            self._start_there()

    def after_in_child(self) -> None:
        """Forget the event loops of the parent, which do not run here."""
        if self._openings or self._feeds:
            self._inherited.append(self._feeds)
        self._begin_anew()

    def _forget_closed_loops(self) -> None:
        self._openings = {loop: n for loop, n in self._openings.items() if not loop.is_closed()}
        if self._loop is not None and self._loop.is_closed() and not self._hand_over():
            self._loop, self._feeds = None, []

    def _hand_over(self) -> bool:
        """Feed on another loop from now on; whether there is one that has the application open."""
        with self._lock:
            heir = next((each for each in self._openings if each is not self._loop), None)
            if heir is not None:
                self._loop = heir
                for feed in self._feeds:
                    feed.task = None
                self._start_there()
        return heir is not None

    def _start_there(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # It is just being closed: the next one to come sees it.
                self._loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        """Feed those that are not fed yet, on the running loop."""
        if self._loop is asyncio.get_running_loop():
            for feed in self._feeds:
                if feed.task is None:
                    feed.task = asyncio.ensure_future(self._feed(feed))

    async def _stop(self) -> None:
        """Call nobody any more; a call that goes on for long is left alone."""
        tasks = [feed.task for feed in self._feeds if feed.task is not None]
        for feed in self._feeds:
            feed.task = None
        for task in tasks:
            task.cancel()
        if tasks:
            _, still = await asyncio.wait(tasks, timeout=2 * LAST_CALL_SECONDS)
            if still:
                _log.warning("%d listeners went on when they were told to end", len(still))

    async def _feed(self, feed: Feed) -> None:
        complaint = Complaint(_log, "events were not read", outage=self._outage)
        backoff, back = Backoff(AFTER_ERROR_SECONDS, LONGEST_AWAY, self._chance), WakeEvent()
        unsubscribe = self._outage.subscribe(back.set)

        def has_read() -> None:
            complaint.over()
            backoff.reset()

        try:
            while True:
                try:
                    await self._follow(feed, has_read)
                except StoreNotOpen as error:
                    _log.debug("events are read again when it is open: %s", error)
                    await asyncio.sleep(AFTER_ERROR_SECONDS)
                except Exception as error:  # noqa: BLE001 - the store comes back, and so do events
                    complaint.say(error)
                    await back.wait(backoff.next())
        except asyncio.CancelledError:
            if feed.task is asyncio.current_task():  # Not by `_stop`: its loop is coming to an end.
                self._hand_over()
            raise
        finally:
            unsubscribe()
            complaint.leave()

    async def _follow(self, feed: Feed, has_read: Callable[[], None]) -> None:
        """Call the listener with what comes behind its cursor, until that cannot be read."""
        listener = feed.listener
        stream = EventStream(store=self._store, wakeup=self._wakeup, has_read=has_read)
        events = stream.read(feed.cursor, listener.wanted, missed=feed.missed)
        async for event in events:
            told = partial(feed.has_told, event)
            await listener.call(event, self._executor, told)
            told()


def _feed_from(begin: Begin | None, listener: Listener) -> Feed:
    feed = Feed(listener, 0 if begin is None else begin.cursor, Missed())
    feed.missed.note(() if begin is None else begin.passed)
    return feed


_all: Final[WeakSet[Listeners]] = WeakSet()


def _after_in_child() -> None:
    for listeners in list(_all):
        listeners.after_in_child()


at_fork(after_in_child=_after_in_child)
