"""Single adds that arrive together become one transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import attrs

from ..ports.store import Store
from .per_loop import PerLoop
from .use_cases.add import Added, NewJob, add_jobs

LARGE: Final = 200
LARGE_DATA: Final = 256 * 1024
"""More jobs, or more characters of data, than this are not written on the event loop."""
KNOWN_FOR: Final = 60.0
"""Seconds for which a queue once registered is taken to be known."""

AddAll = Callable[[Sequence[NewJob]], Awaitable[list[Added]]]


@attrs.frozen(eq=False)
class _Waiting:
    new: NewJob
    answer: asyncio.Future[Added]


class Adder:
    """Adds jobs: single ones in company where there is some, see `Gathering`."""

    def __init__(self, *, store: Store) -> None:
        self._store = store
        self._registered: dict[str, float] = {}
        self._gathering = PerLoop(lambda: Gathering(self.add_all))

    async def add(self, new: NewJob) -> Added:
        """Add one job, in company where there is some."""
        return await self._gathering.here().add(new)

    async def add_all(self, news: Sequence[NewJob]) -> list[Added]:
        """Add jobs in one transaction of their own."""
        unregistered = self.unregistered(news)
        work = partial(add_jobs, wanted=news, unregistered=unregistered)
        is_large = len(news) > LARGE or sum(len(new.data) for new in news) > LARGE_DATA
        added = await self._store.transact(work, is_large=is_large, is_repeatable=True)
        self._note(unregistered)
        return added

    def add_all_sync(self, news: Sequence[NewJob]) -> list[Added]:
        """`add_all`, blocking."""
        unregistered = self.unregistered(news)
        work = partial(add_jobs, wanted=news, unregistered=unregistered)
        added = self._store.transact_sync(work, is_repeatable=True)
        self._note(unregistered)
        return added

    def unregistered(self, news: Sequence[NewJob]) -> frozenset[str]:
        """The queues of these jobs that this process has not registered of late."""
        now = time.monotonic()
        queues = {new.ref.queue for new in news}
        return frozenset(queue for queue in queues if self._registered.get(queue, 0.0) <= now)

    def forget(self, queue: str) -> None:
        """Register a queue anew with the next add: it was obliterated."""
        self._registered.pop(queue, None)

    def _note(self, registered: frozenset[str]) -> None:
        """Take queues as known for a while: another process may obliterate them."""
        until = time.monotonic() + KNOWN_FOR
        self._registered.update(dict.fromkeys(registered, until))


class Gathering:
    """Gathers what is added in one turn of an event loop, or while a write is under way.

    The first to come leads: it lets the loop turn once, so that those who are ready join
    it, and writes for all. Adds keep their order. Nothing waits for a timer.
    """

    def __init__(self, add_all: AddAll) -> None:
        self._add_all = add_all
        self._waiting: list[_Waiting] = []
        self._writing = asyncio.Lock()

    async def add(self, new: NewJob) -> Added:
        """Add one job in the company of those who are ready."""
        mine = _Waiting(new, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if len(self._waiting) > 1:
            return await mine.answer
        try:
            await asyncio.sleep(0)
            async with self._writing:
                batch, self._waiting = self._waiting, []
                if batch == [mine]:
                    return (await self._add_all([new]))[0]
                await asyncio.shield(asyncio.ensure_future(self._write(batch)))
        except asyncio.CancelledError:
            self._hand_over(mine)
            raise
        return await mine.answer

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        try:
            added = await self._add_all([item.new for item in batch])
        except Exception as error:  # noqa: BLE001 - told to everybody who waits
            for item in batch:
                if not item.answer.done():
                    item.answer.set_exception(error)
                    item.answer.exception()
            return
        for item, answer in zip(batch, added, strict=True):
            if not item.answer.done():
                item.answer.set_result(answer)

    def _hand_over(self, mine: _Waiting) -> None:
        """The leader was cancelled: what it had gathered is written without it."""
        self._waiting = [item for item in self._waiting if item is not mine]
        batch, self._waiting = self._waiting, []
        if batch:
            orphans = asyncio.ensure_future(self._write(batch))
            orphans.add_done_callback(lambda _: None)
