"""The SQLite store."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar

import attrs

from .....core.domain.events import Hint
from .....core.domain.store_errors import OpenAtFork, StoreNotOpen, StoreUnavailable
from .....core.ports.executor import NoThread
from .....core.ports.store import Store, Work
from .....core.ports.wakeup import Wakeup
from ....executors.daemon_pool import DaemonPool
from ....fork_safe_lock import fork_safe_lock
from ....wakeups.file_watch import FileWatch
from ..caller import run_within, run_within_async
from ..jobs.parts import ensure_bytes
from ..sql_connection import SqlConnection
from ..unit_of_work import SqlUnitOfWork
from .caller_rules import SqliteCallerRules
from .connections import Connections, SqliteFile
from .sql_connection import SqliteConnection
from .writer import WouldBlock

T = TypeVar("T")

LONGEST: Final = 200_000_000
"""Bytes of a value: a row has at most a thousand million, and a job four such values."""


@attrs.define(eq=False)
class SqliteStore(Store):
    """Jobs in one SQLite file, shared by any number of processes of one machine.

    A small write runs at once on the calling thread; where the write lock is taken it
    moves to the writer thread, so that the event loop never waits. `synchronous` is
    NORMAL (a power cut may lose the last commits) or FULL. The path may be ":memory:".
    """

    file: SqliteFile
    clock: Callable[[], datetime]
    wakeup: Wakeup
    _open: Connections | None = attrs.field(default=None, init=False)
    _closing: Connections | None = attrs.field(default=None, init=False)
    """What a signal's handler may have kept from being closed to the end."""
    _opening: threading.RLock = attrs.field(factory=fork_safe_lock, init=False)

    @property
    def url(self) -> str:
        return self.file.url

    def ensure_room(self, text: str, field: str) -> None:
        ensure_bytes(text, field, LONGEST)

    async def transact(
        self, work: Work[T], *, is_large: bool = False, is_repeatable: bool = False
    ) -> T:
        here = self._here()
        unit, hints = self._unit(work)
        if not is_large:
            try:
                answer = here.writer.run_at_once(unit)
            except WouldBlock:
                pass
            else:
                self.wakeup.notify(hints())
                return answer
        write = partial(self._write, here, unit, hints, since=time.monotonic())
        return await self._off_the_loop(here.writer_thread, write)

    async def read(self, work: Work[T], *, is_large: bool = False) -> T:
        if not is_large:
            return self.read_sync(work)
        return await self._off_the_loop(self._here().large_reads, partial(self.read_sync, work))

    async def _off_the_loop(self, threads: DaemonPool, call: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, call)
        except NoThread as error:
            raise StoreUnavailable(self.url, str(error)) from error

    def transact_sync(
        self, work: Work[T], *, urgent: bool = False, is_repeatable: bool = False
    ) -> T:
        return self._write(self._here(), *self._unit(work), urgent=urgent)

    def read_sync(self, work: Work[T]) -> T:
        here = self._here()

        def unit(sql: SqliteConnection) -> T:
            return work(SqlUnitOfWork(sql, self.clock()))

        return here.writer.run(unit) if here.readers is None else here.readers.run(unit)

    def within(self, connection: Any, work: Work[T]) -> T:
        return run_within(connection, self._caller_unit(work), self._host)

    async def within_async(self, connection: Any, work: Work[T]) -> T:
        return await run_within_async(connection, self._caller_unit(work), self._host)

    async def initialize(self) -> None:
        if self._open is None:
            await asyncio.get_running_loop().run_in_executor(None, self.initialize_sync)

    async def close(self) -> None:
        if self._open is not None:
            await asyncio.get_running_loop().run_in_executor(None, self.close_sync)

    def initialize_sync(self) -> None:
        with self._opening:
            if self._open is None:
                self._close()
                self._open = self._connect()

    def close_sync(self) -> None:
        with self._opening:
            if self._open is not None:
                self._closing, self._open = self._open, None
            self._close()

    def _close(self) -> None:
        closing = self._closing
        if closing is not None:
            self.wakeup.watch(None)
            if closing.pid == os.getpid():
                closing.close()
            self._closing = None

    def _write(
        self,
        here: Connections,
        unit: Callable[[SqliteConnection], T],
        hints: Callable[[], Collection[Hint]],
        *,
        urgent: bool = False,
        since: float | None = None,
    ) -> T:
        """Commit, and tell of it on the same thread: whoever waits may have been cancelled."""
        answer = here.writer.run(unit, urgent=urgent, since=since)
        self.wakeup.notify(hints())
        return answer

    def _unit(
        self, work: Work[T]
    ) -> tuple[Callable[[SqliteConnection], T], Callable[[], Collection[Hint]]]:
        """The work as a unit on a session, and the hints of its last run."""
        last: list[SqlUnitOfWork] = []

        def unit(sql: SqliteConnection) -> T:
            last[:] = [SqlUnitOfWork(sql, self.clock())]
            return work(last[0])

        return unit, lambda: last[0].events.hints

    def _caller_unit(self, work: Work[T]) -> Callable[[SqlConnection], T]:
        return lambda sql: work(SqlUnitOfWork(sql, self.clock()))

    @property
    def _host(self) -> SqliteCallerRules:
        return SqliteCallerRules(self.url, self._here().file)

    def _here(self) -> Connections:
        """The connections of this process; a forked child opens its own."""
        opened = self._open
        if opened is None:
            raise StoreNotOpen(self.url)
        if opened.pid != os.getpid():
            opened = self._in_child()
        opened.require_file()
        return opened

    def _in_child(self) -> Connections:
        """Connections of this process, in place of those that its parent had."""
        if self.file.is_memory:
            raise OpenAtFork(self.url, "its jobs are in the memory of the process that opened it")
        with self._opening:
            opened = self._open
            if opened is None:
                raise StoreNotOpen(self.url)
            if opened.pid != os.getpid():
                opened = self._open = self._connect()
            return opened

    def _connect(self) -> Connections:
        opened = Connections.open(self.file)
        try:
            if not self.file.is_memory:
                self.wakeup.watch(FileWatch(self.file.log_path, opened.writer.data_version))
        except BaseException:
            opened.close()
            raise
        return opened
