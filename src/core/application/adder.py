"""Single adds that arrive together become one transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import attrs

from ..domain.skipped import RowsSkipped
from ..ports.store import Store
from .apart import Apart
from .doubt import Doubt
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
    """Adds jobs: single ones in company where there is some, see `AddCoalescer`."""

    def __init__(self, *, store: Store) -> None:
        self._store = store
        self._registered: dict[str, float] = {}
        self._next_tidying = 0.0
        self._gathering = PerLoop(lambda: AddCoalescer(self.add_all))

    async def add(self, new: NewJob) -> Added:
        """Add one job, in company where there is some."""
        return await self._gathering.here().add(new)

    async def add_all(self, news: Sequence[NewJob]) -> list[Added]:
        """Add jobs in one transaction of their own."""
        unregistered = self.unregistered(news)
        work = partial(add_jobs, wanted=news, unregistered=unregistered)
        is_large = len(news) > LARGE or sum(len(new.data) for new in news) > LARGE_DATA
        write = partial(self._store.transact, is_large=is_large, is_repeatable=True)
        try:
            added = await write(work)
        except RowsSkipped:
            added = await write(partial(work, asks=True))
        self._note(unregistered)
        return added

    def add_sync(self, new: NewJob) -> Added:
        """`add`, blocking, in no company."""
        return self.add_all_sync([new])[0]

    def add_all_sync(self, news: Sequence[NewJob]) -> list[Added]:
        """`add_all`, blocking."""
        unregistered = self.unregistered(news)
        work = partial(add_jobs, wanted=news, unregistered=unregistered)
        write = partial(self._store.transact_sync, is_repeatable=True)
        try:
            added = write(work)
        except RowsSkipped:
            added = write(partial(work, asks=True))
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
        now = time.monotonic()
        if registered and now >= self._next_tidying:
            self._next_tidying = now + KNOWN_FOR
            for queue, until in list(self._registered.items()):
                if until <= now:
                    self._registered.pop(queue, None)
        self._registered.update(dict.fromkeys(registered, now + KNOWN_FOR))


class AddCoalescer:
    """Gathers what is added in one turn of an event loop, or while a write is under way.

    The first to come leads: it lets the loop turn once, so that those who are ready join
    it, and writes for all. Adds keep their order. Nothing waits for a timer.

    An exception that a signal raises may come at any call: that somebody leads is noted by no
    call, and what waits stays in the list until a write has taken it.
    """

    def __init__(self, add_all: AddAll) -> None:
        self._add_all = add_all
        self._waiting: list[_Waiting] = []
        self._is_led = False

    async def add(self, new: NewJob) -> Added:
        """Add one job in the company of those who are ready."""
        mine = _Waiting(new, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if self._is_led:
            return await mine.answer
        self._is_led = True
        try:
            await asyncio.sleep(0)
            if self._waiting == [mine]:
                self._waiting = []
                mine.answer.set_result((await self._add_all([new]))[0])
            else:
                await asyncio.shield(asyncio.ensure_future(self._write()))
            self._hand_over(mine)
        except BaseException:
            self._is_led = False
            self._hand_over(mine)
            raise
        return await mine.answer

    async def _write(self) -> None:
        """Add all together, or apart where the database does not take one of them."""
        batch, self._waiting = self._waiting, []
        try:
            await self._write_apart(batch)
        except BaseException as error:
            _tell_failed(batch, error)
            raise

    async def _write_apart(self, batch: Sequence[_Waiting]) -> None:
        apart, doubt = Apart(batch), Doubt()
        for part in apart:
            try:
                added = await self._add_all([item.new for item in part])
            except Exception as error:  # noqa: BLE001 - told to everybody who waits
                if not doubt.is_of_one(error, part) or not apart.again(part, error):
                    _tell_failed(part, error)
                continue
            doubt.taken()
            for item, answer in zip(part, added, strict=True):
                if not item.answer.done():
                    item.answer.set_result(answer)

    def _hand_over(self, mine: _Waiting | None = None) -> None:
        """What has come meanwhile, or was gathered by one that was cut off, is written."""
        self._is_led = False
        if mine is not None and mine in self._waiting:
            self._waiting.remove(mine)
        if self._waiting:
            asyncio.ensure_future(self._go_on()).add_done_callback(lambda _: None)

    async def _go_on(self) -> None:
        if self._is_led:
            return
        self._is_led = True
        try:
            await self._write()
            self._hand_over()
        except BaseException:
            self._is_led = False
            self._hand_over()
            raise


def _tell_failed(part: Sequence[_Waiting], error: BaseException) -> None:
    for item in part:
        if not item.answer.done():
            item.answer.set_exception(error)
            item.answer.exception()
