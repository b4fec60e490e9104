"""The store on a database server."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import attrs

from .....core.domain.errors import StoreNotOpen
from .....core.domain.events import Hint
from .....core.ports.database import Database
from .....core.ports.store import Store, Work
from .....core.ports.wakeup import ChangeSource, Wakeup
from ..caller import Host, run_within, run_within_async
from ..session import Session
from .at_once import AtOnce, Express, NotAtOnce
from .caller_unit import CallerUnit
from .driver import ServerDriver
from .pool import Pool
from .units import Units

T = TypeVar("T")


class Engine(ServerDriver):
    """A driver with what a store needs besides: its schema, its callers, its news."""

    def bring_up_to_date(self, *, migrates: bool) -> str:
        """Migrate if need be, under a lock of the server, and return the store's id."""
        raise NotImplementedError

    def host(self, store_id: str) -> Host:
        """The database as the host of a caller's transaction."""
        raise NotImplementedError

    @property
    def express(self) -> Express | None:
        """The driver as one that can wait on an event loop, None where it cannot."""
        return None

    def database(self) -> Database:
        """The database, looked at from outside."""
        raise NotImplementedError

    def news(self, units: Units, store_id: str, tell: Callable[[Collection[Hint]], None]) -> News:
        """How commits are told to other processes, and theirs are heard of."""
        raise NotImplementedError


class News(ChangeSource):
    """Tells other processes what was committed here, and hears of their commits."""

    def tell(self, hints: Collection[Hint]) -> None:
        """Tell others soon; never blocks, may be lost."""
        raise NotImplementedError

    def tell_within(self, session: Session, hints: Collection[Hint]) -> None:
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
    units: Units
    threads: ThreadPoolExecutor
    news: News
    host: Host
    at_once: AtOnce | None = None

    def tell(self, hints: Collection[Hint]) -> None:
        """Tell this process and others what was committed."""
        if hints:
            self.wakeup.notify(hints)
            self.news.tell(hints)

    def register(self, names: Collection[str]) -> None:
        """Make queues known, whatever becomes of the transaction that asks for it."""
        self.units.transact(lambda uow: uow.queues.register(names))

    def close(self) -> None:
        self.threads.shutdown(wait=True)
        if self.at_once is not None:
            self.at_once.close()
        self.news.close()
        self.pool.close()


@attrs.define(eq=False)
class ServerStore(Store):
    """Jobs in a database server, for any number of processes on any number of machines.

    Units run on a small pool of threads and connections, never on the event loop but for those
    that are one message (`AtOnce`, on a connection more). `connections` bounds both; `patience`
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
    _opening: threading.Lock = attrs.field(factory=threading.Lock, init=False)
    _forked_from: list[_Open] = attrs.field(factory=list, init=False)

    @property
    def url(self) -> str:
        """See the port."""
        return self.engine.url

    async def transact(
        self, work: Work[T], *, is_large: bool = False, is_repeatable: bool = False
    ) -> T:
        """See the port."""
        at_once = self._here().at_once
        if at_once is not None and is_repeatable and not is_large:
            with suppress(NotAtOnce):
                return await at_once.run(work)
        write = partial(self.transact_sync, work, is_repeatable=is_repeatable)
        return await self._off_the_loop(write)

    async def read(self, work: Work[T], *, is_large: bool = False) -> T:
        """See the port."""
        return await self._off_the_loop(partial(self.read_sync, work))

    def transact_sync(
        self, work: Work[T], *, urgent: bool = False, is_repeatable: bool = False
    ) -> T:
        """See the port."""
        here = self._here()
        answer, unit = here.units.transact(work, urgent=urgent, is_repeatable=is_repeatable)
        here.tell(unit.events.hints)
        return answer

    def read_sync(self, work: Work[T]) -> T:
        """See the port."""
        return self._here().units.read(work)

    def within(self, connection: Any, work: Work[T]) -> T:
        """See the port."""
        here = self._here()
        return run_within(connection, partial(self._within, here, work), here.host)

    async def within_async(self, connection: Any, work: Work[T]) -> T:
        """See the port."""
        here = self._here()
        return await run_within_async(connection, partial(self._within, here, work), here.host)

    async def initialize(self) -> None:
        """See the port."""
        if self._open is None:
            await asyncio.get_running_loop().run_in_executor(None, self.initialize_sync)

    async def close(self) -> None:
        """See the port."""
        if self._open is not None:
            await asyncio.get_running_loop().run_in_executor(None, self.close_sync)

    def initialize_sync(self) -> None:
        """See the port."""
        with self._opening:
            if self._open is None:
                self._open = self._connect()

    def close_sync(self) -> None:
        """See the port."""
        with self._opening:
            opened, self._open = self._open, None
            if opened is not None:
                self.wakeup.watch(None)
                opened.close()

    async def _off_the_loop(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._here().threads, call)

    def _within(self, here: _Open, work: Work[T], session: Session) -> T:
        """A unit in the caller's transaction: others hear of it when that commits."""
        unit = CallerUnit(session, here.units.now(), here.register)
        answer = work(unit)
        here.news.tell_within(session, unit.events.hints)
        return answer

    def _here(self) -> _Open:
        """The connections of this process; a forked child opens its own."""
        opened = self._open
        if opened is None:
            raise StoreNotOpen(self.url)
        if opened.pid != os.getpid():
            self._forked_from.append(opened)
            opened = self._open = self._connect()
        return opened

    def _connect(self) -> _Open:
        store_id = self._open_schema()
        pool = Pool(self.engine, self.connections, self.patience)
        units = Units(self.engine, pool, self.clock, self.patience)
        news = self.engine.news(units, store_id, self.wakeup.notify)
        self.wakeup.watch(news)
        threads = ThreadPoolExecutor(self.connections, thread_name_prefix="errands-store")
        opened = _Open(
            pid=os.getpid(),
            wakeup=self.wakeup,
            store_id=store_id,
            pool=pool,
            units=units,
            threads=threads,
            news=news,
            host=self.engine.host(store_id),
        )
        express = self.engine.express
        if express is not None:
            opened.at_once = AtOnce(express, pool, units.known_time, threads, opened.tell)
        return opened

    def _open_schema(self) -> str:
        """Bring the schema up to date; the store's id. Raises the `StoreError`s of opening."""
        try:
            return self.engine.bring_up_to_date(migrates=self.migrates)
        except Exception as error:
            # Alembic works through SQLAlchemy, which wraps what the driver has raised.
            told = self.engine.translated(getattr(error, "orig", None) or error)
            if told is None:
                raise
            raise told from error
