"""LISTEN and NOTIFY: commits told to other processes, and theirs heard of."""

from __future__ import annotations

import json
import logging
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import Any, Final, cast
from uuid import uuid4

from .....core.application.log_apart import LogApart
from .....core.application.thread_wake_event import ThreadWakeEvent
from .....core.domain.events import EventType, Hint
from ..server.polling import Polling
from ..server.store import Notifier
from ..sql_connection import SqlConnection
from .driver import PostgresqlDriver

BETWEEN_NOTES: Final = 0.005
"""Seconds between two notes of one process: what is told in between is told together."""
PROBE_SECONDS: Final = 10.0
"""How often a note to oneself is sent. Two that do not arrive: the connection is dead, or a
pooler hands LISTEN to nobody."""
LONGEST_NOTE: Final = 7_500
"""Bytes of a payload; PostgreSQL allows 8,000."""
RECONNECT_SECONDS: Final = 0.25
LINGER_SECONDS: Final = 10.0
"""How long notes are heard on after the last who wanted them."""
PING: Final = "ping"
ANYBODY: Final = "anybody"
"""Who tells what a caller's transaction has committed: no process knows of that by itself."""
SEND: Final = "SELECT set_config('synchronous_commit', 'off', true), pg_notify(%s, %s)"
"""A note need not survive a power cut, so that its commit keeps no disk busy."""

Tell = Callable[[Collection[Hint]], None]
_log = LogApart(logging.getLogger("errands.postgresql"))


class PostgresqlNotifier(Notifier):
    """Notes are hints: they carry queues and types of events, and losing one costs a poll.

    They are sent after the commit from a thread and a connection of their own, since a
    transaction that notifies commits one at a time in the whole server. While no note to
    oneself has come back lately, it polls.
    """

    def __init__(
        self, driver: PostgresqlDriver, polling: Polling, channel: str, publish: Tell
    ) -> None:
        self._driver = driver
        self._polling = polling
        self._channel = channel
        self._publish = publish
        self._me = uuid4().hex[:12]
        self._wake_all: Callable[[], None] | None = None
        self._lock = threading.RLock()  # A signal handler may tell in the middle of telling.
        self._pending: set[Hint] = set()
        self._work_to_do = ThreadWakeEvent()
        self._is_closed = False
        self._wants_ping = False
        self._pinged = 0.0
        self._heard = -math.inf
        self._until = -math.inf
        self._listener: threading.Thread | None = None
        self._sender: threading.Thread | None = None
        self._is_sending = False
        self._sending: Any = None

    def publish(self, hints: Collection[Hint]) -> None:
        with self._lock:
            self._pending.update(hints)
        self._wake_sender()

    def publish_within(self, sql: SqlConnection, hints: Collection[Hint]) -> None:
        """This process hears of it as others do: it knows no better when."""
        for note in _notes(set(hints), ANYBODY):
            sql.rows(self._driver.dialect.events.statements.notify, (self._channel, note))

    def start(self, on_change: Callable[[], None]) -> None:
        self._polling.start(on_change)
        with self._lock:
            self._wake_all, self._until = on_change, math.inf
            if not _is_running(self._listener):
                self._listener = _thread(self._listen_always, "errands-listen")
                self._start(self._listener)
            elif self._is_heard:
                self._polling.pause()

    def stop(self) -> None:
        """Listening goes on for a while: most who stop come back soon."""
        with self._lock:
            self._until = time.monotonic() + LINGER_SECONDS
        self._polling.stop()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            threads = [self._sender, self._listener]
        self._work_to_do.set()
        for thread in threads:
            if thread is not None and thread.is_alive():
                thread.join(timeout=2)

    @property
    def _is_heard(self) -> bool:
        """Whether a note to oneself has come back lately."""
        return time.monotonic() - self._heard < 2 * PROBE_SECONDS

    @property
    def _is_wanted(self) -> bool:
        return not self._is_closed and time.monotonic() < self._until

    def _wake_sender(self) -> None:
        self._work_to_do.set()
        if self._is_sending:
            return
        with self._lock:
            if not _is_running(self._sender) and not self._is_closed:
                self._sender = _thread(self._send_all, "errands-notify")
                self._start(self._sender)

    def _start(self, thread: threading.Thread) -> None:
        """Start it; where none is to be had, or a signal cuts this off, another is tried later."""
        try:
            thread.start()
        except RuntimeError as error:
            _log.warning("%s: notes are neither sent nor heard: %s", self._driver.url, error)

    # -- telling

    def _send_all(self) -> None:
        """Send what is pending: the first at once, what follows a little later, together."""
        connection: Any = None
        me, self._is_sending = threading.current_thread(), True
        while self._sender is me and (not self._is_closed or self._pending):
            self._work_to_do.wait()
            with self._lock:
                hints, self._pending = self._pending, set()
                pings, self._wants_ping = self._wants_ping, False
            notes = [*_notes(hints, self._me), *([_note(PING, self._me)] if pings else [])]
            try:
                if notes and (connection is None or connection.closed):
                    connection = self._sending = self._driver.connect()
                for note in notes:
                    connection.execute(SEND, (self._channel, note))
            except Exception as error:  # noqa: BLE001 - a hint that is lost costs a poll
                _log.debug("%s: a note was not sent: %s", self._driver.url, error)
                connection = None
            time.sleep(BETWEEN_NOTES)
        if connection is not None:
            connection.close()

    # -- listening

    def _listen_always(self) -> None:
        me = threading.current_thread()
        while self._listener is me:
            try:
                self._listen()
            except Exception as error:  # noqa: BLE001 - whatever broke it, it is tried again
                _log.debug("%s: listening broke off: %s", self._driver.url, error)
            self._heard = -math.inf
            self._polling.resume()
            with self._lock:
                if not self._is_wanted and self._listener is me:
                    self._listener = None
                    return
            time.sleep(RECONNECT_SECONDS)

    def _listen(self) -> None:
        """Hear notes until nobody wants them, or until two probes were not heard.

        Probes go out on the other connection: this one is never waited for.
        """
        connection = self._driver.connect()
        try:
            connection.execute(f'LISTEN "{self._channel}"')
            began = self._pinged = time.monotonic()
            self._ping()
            while self._is_wanted:
                for note in connection.notifies(timeout=0.5, stop_after=1):
                    self._hear(note.payload)
                now = time.monotonic()
                if now - max(began, self._heard) > 2 * PROBE_SECONDS:
                    _log.info("%s: hears no notes; it polls", self._driver.url)
                    sever(self._sending)
                    return
                if now - self._pinged > PROBE_SECONDS:
                    self._pinged = now
                    self._ping()
        finally:
            with suppress(Exception):
                connection.close()

    def _ping(self) -> None:
        self._wants_ping = True
        self._wake_sender()

    def _hear(self, payload: str) -> None:
        try:
            sender, told = json.loads(payload)
            hints = _hints(told)
        except (TypeError, ValueError):
            return
        if sender != self._me:
            self._publish(hints)
        elif told == PING:
            self._heard = time.monotonic()
            if self._polling.pause() and self._wake_all is not None:
                self._wake_all()


def _thread(target: Callable[[], None], name: str) -> threading.Thread:
    return threading.Thread(target=target, name=name, daemon=True)


def _is_running(thread: threading.Thread | None) -> bool:
    return thread is not None and thread.is_alive()


def sever(connection: Any) -> None:
    """Break a connection that another thread may be waiting on for ever."""
    if connection is None or connection.closed:
        return
    with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def _hints(told: Any) -> list[Hint]:
    """What another process told; types that this version does not know are left out."""
    if not isinstance(told, dict):
        return []
    by_queue = cast("dict[str, list[str]]", told)
    known = {kind.value: kind for kind in EventType}
    return [
        Hint(queue or None, known[kind])
        for queue, types in by_queue.items()
        for kind in types
        if kind in known
    ]


def _notes(hints: set[Hint], sender: str) -> Iterator[str]:
    """Payloads: who tells, and the types of events by queue."""
    by_queue: dict[str, list[str]] = {}
    for hint in hints:
        by_queue.setdefault(hint.queue or "", []).append(hint.type.value)
    batch: dict[str, list[str]] = {}
    for queue, types in by_queue.items():
        if batch and len(_note({**batch, queue: types}, sender).encode()) > LONGEST_NOTE:
            yield _note(batch, sender)
            batch = {}
        batch[queue] = types
    if batch:
        yield _note(batch, sender)


def _note(told: object, sender: str) -> str:
    return json.dumps([sender, told], ensure_ascii=False, separators=(",", ":"))
