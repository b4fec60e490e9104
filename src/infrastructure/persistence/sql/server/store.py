"""The store on a database server."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar, cast

import attrs

from .....core.domain.events import Hint
from .....core.domain.store_errors import StoreNotOpen, StoreUnavailable
from .....core.ports.database import Database
from .....core.ports.executor import NoThread
from .....core.ports.store import Store, Work
from .....core.ports.unit_of_work import UnitOfWork
from .....core.ports.wakeup import ChangeSource, Wakeup
from ....executors.daemon_pool import DaemonPool
from ....fork_safe_lock import fork_safe_lock
from ....inherited import leave_alone
from ..caller import CallerRules, run_within, run_within_async
from ..meta.whereabouts import Whereabouts, found_on
from ..sql_connection import SqlConnection
from ..unit_of_work import SqlUnitOfWork
from .caller_unit import CallerUnit
from .driver import ServerDriver
from .loop_runner import AsyncDriver, LoopRunner, NotPipelined
from .pool import Pool
from .transaction_runner import TransactionRunner

CLOSING_SECONDS: Final = 5.0
"""How long closing waits for units that are under way; a server may never answer."""

_log = logging.getLogger("errands.server")
T = TypeVar("T")


class Engine(ServerDriver):
    """A driver with what a store needs besides: its schema, its callers, its news."""

    def bring_up_to_date(self, *, migrates: bool) -> str:
        """Migrate if need be, under a lock of the server, and return the store's id."""
        raise NotImplementedError

    def rules(self, where: Whereabouts) -> CallerRules:
        """The database as the host of a caller's transaction."""
        raise NotImplementedError

    @property
    def async_driver(self) -> AsyncDriver | None:
        """The driver as one that can wait on an event loop, None where it cannot."""
        return None

    def database(self) -> Database:
        """The database, looked at from outside."""
        raise NotImplementedError

    def notifier(
        self, runner: TransactionRunner, store_id: str, publish: Callable[[Collection[Hint]], None]
    ) -> Notifier:
        """How commits are told to other processes, and theirs are heard of."""
        raise NotImplementedError


class Notifier(ChangeSource):
    """Tells other processes what was committed here, and hears of their commits."""

    def publish(self, hints: Collection[Hint]) -> None:
        """Tell others soon; never blocks, may be lost."""
        raise NotImplementedError

    def publish_within(self, sql: SqlConnection, hints: Collection[Hint]) -> None:
        """Tell others when the caller's transaction commits."""
        raise NotImplementedError

    def close(self) -> None:
        """Tell what is left, and no more."""
        raise NotImplementedError


@attrs.define(kw_only=True, eq=False)
class _Open:
    """What an open store has, in the process that opened it."""

    pid: int
    wakeup: Wakeup
    store_id: str
    pool: Pool
    runner: TransactionRunner
    threads: DaemonPool
    notifier: Notifier
    rules: CallerRules
    loop_runner: LoopRunner | None = None

    def publish(self, hints: Collection[Hint]) -> None:
        """Tell this process and others what was committed."""
        if hints:
            self.wakeup.notify(hints)
            self.notifier.publish(hints)

    def register(self, names: Collection[str]) -> None:
        """Make queues known, whatever becomes of the transaction that asks for it."""
        self.runner.transact(lambda uow: uow.queues.register(names))

    def close(self) -> None:
        if not self.threads.end_within(CLOSING_SECONDS):
            _log.warning("closed while the server had not answered for %g s", CLOSING_SECONDS)
        if self.loop_runner is not None:
            self.loop_runner.close()
        self.notifier.close()
        self.pool.close()


@attrs.define(eq=False)
class ServerStore(Store):
    """Jobs in a database server, for any number of processes on any number of machines.

    Units run on a small pool of threads and connections, never on the event loop but for those
    that are one message (`LoopRunner`, on a connection more). `connections` bounds both; `patience`
    is how long, in seconds, a unit is run again that the server keeps rolling back. Without a
    `clock` the server's is used.
    """

    engine: Engine
    wakeup: Wakeup
    connections: int
    patience: float
    migrates: bool
    clock: Callable[[], datetime] | None = None
    _open: _Open | None = attrs.field(default=None, init=False)
    _closing: _Open | None = attrs.field(default=None, init=False)
    """What a signal's handler may have kept from being closed to the end."""
    _opening: threading.RLock = attrs.field(factory=fork_safe_lock, init=False)

    @property
    def url(self) -> str:
        return self.engine.url

    def ensure_room(self, text: str, field: str) -> None:
        if self._open is not None:
            self.engine.ensure_room(text, field)

    async def transact(
        self, work: Work[T], *, is_large: bool = False, is_repeatable: bool = False
    ) -> T:
        loop_runner = self._here().loop_runner
        if loop_runner is not None and is_repeatable and not is_large:
            with suppress(NotPipelined):
                return await loop_runner.run(work)
        write = partial(self.transact_sync, work, is_repeatable=is_repeatable)
        return await self._off_the_loop(write)

    async def read(self, work: Work[T], *, is_large: bool = False) -> T:
        return await self._off_the_loop(partial(self.read_sync, work))

    def transact_sync(
        self, work: Work[T], *, urgent: bool = False, is_repeatable: bool = False
    ) -> T:
        here = self._here()
        answer, unit = here.runner.transact(work, urgent=urgent, is_repeatable=is_repeatable)
        here.publish(unit.events.hints)
        return answer

    def read_sync(self, work: Work[T]) -> T:
        return self._here().runner.read(work)

    def within(self, connection: Any, work: Work[T]) -> T:
        here = self._here()
        return run_within(connection, partial(self._within, here, work), here.rules)

    async def within_async(self, connection: Any, work: Work[T]) -> T:
        here = self._here()
        return await run_within_async(connection, partial(self._within, here, work), here.rules)

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
            else:
                leave_alone(closing)
            self._closing = None

    async def _off_the_loop(self, call: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._here().threads, call)
        except NoThread as error:
            raise StoreUnavailable(self.url, str(error)) from error

    def _within(self, here: _Open, work: Work[T], sql: SqlConnection) -> T:
        """A unit in the caller's transaction: others hear of it when that commits."""
        unit = CallerUnit(sql, here.runner.now(), here.register)
        answer = work(unit)
        here.notifier.publish_within(sql, unit.events.hints)
        return answer

    def _here(self) -> _Open:
        """The connections of this process; a forked child opens its own."""
        opened = self._open
        if opened is None:
            raise StoreNotOpen(self.url)
        return opened if opened.pid == os.getpid() else self._in_child()

    def _in_child(self) -> _Open:
        """What this process has of its own, in place of what its parent had."""
        with self._opening:
            opened = self._open
            if opened is None:
                raise StoreNotOpen(self.url)
            if opened.pid != os.getpid():
                leave_alone(opened)
                opened = self._open = self._connect()
            return opened

    def _connect(self) -> _Open:
        store_id = self._open_schema()
        pool = Pool(self.engine, self.connections, self.patience)
        runner = TransactionRunner(self.engine, pool, self.clock, self.patience)
        threads = DaemonPool(self.connections, "errands-store")
        opened = _Open(
            pid=os.getpid(),
            wakeup=self.wakeup,
            store_id=store_id,
            pool=pool,
            runner=runner,
            threads=threads,
            notifier=self.engine.notifier(runner, store_id, self.wakeup.notify),
            rules=self.engine.rules(Whereabouts(self.url, store_id, partial(runner.read, _found))),
        )
        async_driver = self.engine.async_driver
        if async_driver is not None:
            opened.loop_runner = LoopRunner(
                async_driver, pool, runner.known_time, threads, opened.publish
            )
        try:
            self.wakeup.watch(opened.notifier)
        except BaseException:
            opened.close()
            raise
        return opened

    def _open_schema(self) -> str:
        """Bring the schema up to date; the store's id. Raises the `StoreError`s of opening."""
        try:
            return self.engine.bring_up_to_date(migrates=self.migrates)
        except Exception as error:
            # Alembic works through SQLAlchemy, which wraps what the driver has raised.
            store_error = self.engine.translated(getattr(error, "orig", None) or error)
            if store_error is None:
                raise
            raise store_error from error


def _found(uow: UnitOfWork) -> tuple[str, str]:
    return found_on(cast("SqlUnitOfWork", uow).sql)
