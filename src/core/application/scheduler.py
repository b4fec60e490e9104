"""The queue scheduler: due jobs, lost workers, lapses, retention."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import attrs

from ..domain.errors import WorkerStateError
from ..domain.events import EventType, Hint
from ..domain.job import defaults
from ..ports.store import Store, Work
from ..ports.wakeup import Wakeup
from .clock_jump import ClockJump
from .signal import Signal
from .use_cases import maintain
from .use_cases.look import list_queue_names

RETENTION_EVERY: Final = timedelta(seconds=15)
KEEP_EVENTS: Final = timedelta(days=7)
QUEUES_A_ROUND: Final = 200
"""Queues in which a round of retention counts the settled jobs; of more, others come next time."""
BETWEEN_SWEEPS: Final = 0.002
"""Seconds of rest between two sweeps, so that a busy neighbour does not keep it awake."""

_log = logging.getLogger("errands.scheduler")


@attrs.frozen
class Sweep:
    """What one sweep changed."""

    promoted: int = 0
    expired: int = 0
    lapsed: int = 0
    purged: int = 0


class QueueScheduler:
    """Makes due jobs ready, takes expired leases, ends what has lapsed, removes what is old.

    For all queues of the store. Any number may run, without a leader: every change is
    decided under the job's version. It sleeps until the next moment at which something
    falls due, and wakes for jobs that fall due sooner.
    """

    def __init__(
        self,
        *,
        store: Store,
        wakeup: Wakeup,
        poll: timedelta = defaults.POLL,
        retention_every: timedelta = RETENTION_EVERY,
        keep_events: timedelta = KEEP_EVENTS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._wakeup = wakeup
        self._poll = poll.total_seconds()
        self._retention_every = retention_every.total_seconds()
        self._keep_events = keep_events
        self._monotonic = monotonic
        self._jump = ClockJump()
        self._next_retention = 0.0
        self._last_trimmed = ""
        self._signal: Signal | None = None
        self._has_run = False
        self._is_closed = False

    async def run(self) -> None:
        """Work until closed; a store that fails is tried again."""
        if self._has_run:
            raise WorkerStateError("this scheduler was run before")
        self._has_run = True
        self._signal = Signal()
        unsubscribe = self._wakeup.subscribe(_falls_due_later, self._signal.set)
        try:
            while not self._is_closed:
                await self._signal.wait(await self._sweep_and_plan())
                await asyncio.sleep(BETWEEN_SWEEPS)
        finally:
            unsubscribe()

    async def close(self) -> None:
        """End after the current sweep."""
        self._is_closed = True
        if self._signal is not None:
            self._signal.set()

    async def sweep(self) -> Sweep:
        """Do everything that is due now, once; also what is only done now and then."""
        await self._keep_bounds(await self._store.read(list_queue_names))
        return await self._sweep(expires=True)

    async def _sweep_and_plan(self) -> float:
        """Sweep if something is due; seconds until the next time."""
        try:
            now, at = await self._store.read(maintain.next_due)
            expires = self._jump.allows_expiry(now, self._monotonic())
            if at is not None and at <= now:
                await self._sweep(expires=expires)
                now, at = await self._store.read(maintain.next_due)
            if self._monotonic() >= self._next_retention:
                self._next_retention = self._monotonic() + self._retention_every
                await self._keep_bounds(await self._of_this_round())
        except Exception as error:  # noqa: BLE001 - a failing store must not end it
            _log.warning("the store failed, trying again: %s", error, exc_info=True)
            return self._poll
        return self._pause(now, at)

    def _pause(self, now: datetime, at: datetime | None) -> float:
        if at is None or at <= now:
            return self._poll
        return min(self._poll, (at - now).total_seconds())

    async def _sweep(self, *, expires: bool) -> Sweep:
        return Sweep(
            promoted=await self._drain(maintain.promote_due),
            expired=await self._drain(maintain.expire_leases) if expires else 0,
            lapsed=await self._drain(maintain.lapse),
            purged=await self._drain(maintain.purge),
        )

    async def _drain(self, batch: Work[int]) -> int:
        """Run a batch until one is not full; others get the write lock in between."""
        total = 0
        while True:
            done = await self._store.transact(batch, is_large=True)
            total += done
            if done < maintain.BATCH:
                return total
            await asyncio.sleep(0)

    async def _of_this_round(self) -> Sequence[str]:
        """Some queues, all in turn: an idle scheduler of very many must not be busy with them."""
        names = sorted(await self._store.read(list_queue_names))
        behind = [name for name in names if name > self._last_trimmed] or names
        chosen = behind[:QUEUES_A_ROUND]
        self._last_trimmed = chosen[-1] if chosen else ""
        return chosen

    async def _keep_bounds(self, queues: Sequence[str]) -> None:
        """Remove the queues' settled jobs beyond their count, and old events."""
        for queue in queues:
            await self._drain(partial(maintain.trim, queue=queue))
        await self._drain(partial(maintain.prune_events, keep=self._keep_events))


def _falls_due_later(hint: Hint) -> bool:
    return hint.type is EventType.DELAYED
