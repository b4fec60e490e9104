"""The connections of one process to a database server."""

from __future__ import annotations

import gc
import threading
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Final
from weakref import WeakSet

import attrs

from .....core.domain.store_errors import StoreBusy
from .driver import Connection, ServerDriver

SPARE: Final = 2
"""Connections beyond those of the store's own threads: for other threads that call it, and for
messages on the event loop."""

OLDEST: Final = 1_800
"""Seconds after which a connection is replaced, so that load spreads after a failover."""

LOOK_AGAIN: Final = 0.05
"""Seconds after which somebody who waits looks whether a place was given up without a word."""


COLLECT_AFTER: Final = 0.5
"""Seconds of waiting after which places are looked for that exceptions keep in cycles of frames."""

BORROW_WITHIN: Final = 0.1
"""Seconds in which an urgent unit without a connection waits for one of the others."""
BORROW_LOOKS: Final = 0.002


class Pool:
    """Lends connections; one that broke is thrown away, and with it all that are older."""

    def __init__(self, driver: ServerDriver, size: int, wait_seconds: float) -> None:
        self._driver = driver
        self._wait_seconds = wait_seconds
        self._is_closed = False
        self.generation = 0
        """How often it was renewed."""
        self.is_short = False
        """Whether the server had no room for the connection of urgent units when last asked."""
        self._ordinary = ConnectionSlots(size + SPARE, kept=size)
        self._urgent = ConnectionSlots(1, kept=1)

    @contextmanager
    def lent(
        self, *, urgent: bool = False, is_question: bool = False
    ) -> Generator[Connection, None, None]:
        """A connection for the length of a block; urgent ones need not wait for the others.

        Where the server has no room for a connection of their own, urgent units have the next of
        the others that comes back. What connecting raised is raised where none does soon.

        A question is put outside of any transaction. The connection of one that was broken off
        is not used again: its answer may be there still, unread.
        """
        slots, slot = self._urgently() if urgent else (self._ordinary, self._taken())
        is_whole = False
        try:
            yield slot.connection
            is_whole = True
        finally:
            self._give_back(slot, slots, is_whole=is_whole or not is_question)

    def renew(self) -> None:
        """Forget idle connections: the server they were made to has gone.

        Those that are lent are closed as they come back.
        """
        self.generation += 1
        self._close_idle()

    def close(self) -> None:
        """Close what is idle; what is lent is closed as it comes back."""
        self._is_closed = True
        self._close_idle()

    def _urgently(self) -> tuple[ConnectionSlots, PooledConnection]:
        """A place with a connection, and where it belongs. Raises as `_taken` does."""
        try:
            slot = self._taken(self._urgent)
        except StoreBusy:
            raise
        except Exception:
            self.is_short = True
            borrowed = self._ordinary.borrowed(BORROW_WITHIN)
            if borrowed is None:
                raise
            return self._ordinary, self._connected(self._ordinary, borrowed)
        self.is_short = False
        return self._urgent, slot

    def _taken(self, slots: ConnectionSlots | None = None) -> PooledConnection:
        """A place with a connection. Raises `StoreBusy`, and what connecting raises."""
        slots = slots or self._ordinary
        slot = slots.taken(self._wait_seconds)
        if slot is None:
            raise StoreBusy(self._driver.url, "all connections are in use")
        return self._connected(slots, slot)

    def _connected(self, slots: ConnectionSlots, slot: PooledConnection) -> PooledConnection:
        if slot.connection is not None and not self._is_current(slot):
            slot.close()
        if slot.connection is None:
            slot.generation, slot.until = self.generation, time.monotonic() + OLDEST
            try:
                slot.connection = self._driver.connect()
            except BaseException:
                slots.give_back(slot)
                raise
        return slot

    def _give_back(self, slot: PooledConnection, slots: ConnectionSlots, *, is_whole: bool) -> None:
        is_usable = is_whole and self._driver.is_usable(slot.connection)
        if not (is_usable and self._is_current(slot) and not self._is_closed):
            slot.close()
        slots.give_back(slot)
        if self._is_closed:
            self._close_idle()

    def _is_current(self, slot: PooledConnection) -> bool:
        return slot.generation == self.generation and time.monotonic() < slot.until

    def _close_idle(self) -> None:
        for slots in (self._ordinary, self._urgent):
            slots.close_idle()


@attrs.define(eq=False, weakref_slot=True)
class PooledConnection:
    """Room for one connection."""

    connection: Connection = None
    generation: int = 0
    until: float = 0.0

    def close(self) -> None:
        """Close its connection, which may be broken."""
        connection, self.connection = self.connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()


class ConnectionSlots:
    """At most so many connections, of which the one used last is lent first.

    A place counts for as long as somebody holds it: one that was lost, because a signal raised an
    exception between two lines, goes with its connection, and makes room.
    """

    def __init__(self, most: int, *, kept: int) -> None:
        self._most = most
        self._kept = kept
        self._lock = threading.RLock()  # A signal handler may take a place in the middle of it.
        self._all: WeakSet[PooledConnection] = WeakSet()
        self._idle: deque[PooledConnection] = deque()
        self._freed: SimpleQueue[None] = SimpleQueue()
        self._borrowing_until = 0.0

    def taken(self, seconds: float) -> PooledConnection | None:
        """An idle place or a new one, waited for so long; None where all stay taken."""
        began = time.monotonic()
        has_collected = False
        while True:
            slot = self._next()
            waited = time.monotonic() - began
            if slot is not None or waited >= seconds:
                return slot
            if waited >= COLLECT_AFTER and not has_collected:
                has_collected = True
                gc.collect()
            with suppress(Empty):
                self._freed.get(timeout=min(seconds - waited, LOOK_AGAIN))

    def borrowed(self, seconds: float) -> PooledConnection | None:
        """The next idle place, before all others who wait; None where none comes in time."""
        self._borrowing_until = end = time.monotonic() + seconds
        try:
            while True:
                with suppress(IndexError):
                    return self._idle.pop()
                if time.monotonic() >= end:
                    return None
                time.sleep(BORROW_LOOKS)
        finally:
            self._borrowing_until = 0.0

    def give_back(self, slot: PooledConnection) -> None:
        """Lend it to somebody else; one without a connection, or one too many, is given up."""
        if slot.connection is not None and len(self._idle) >= self._kept:
            slot.close()
        if slot.connection is None:
            self._all.discard(slot)
        else:
            self._idle.append(slot)
        if self._freed.empty():
            self._freed.put(None)

    def close_idle(self) -> None:
        """Close what nobody has."""
        with suppress(IndexError):
            while True:
                slot = self._idle.pop()
                self._all.discard(slot)
                slot.close()

    def _next(self) -> PooledConnection | None:
        """An idle place; else a new one; None where there is no room, or one is borrowed first."""
        if time.monotonic() >= self._borrowing_until:
            with suppress(IndexError):
                return self._idle.pop()
            return self._new()
        return None

    def _new(self) -> PooledConnection | None:
        slot = PooledConnection()
        with self._lock:
            if len(self._all) >= self._most:
                return None
            self._all.add(slot)
        return slot
