"""The queue scheduler: due jobs, lost workers, lapses, retention."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from ...domain.errors import WorkerStateError
from ...domain.events import EventType, Hint
from ...domain.job import defaults
from ...domain.store_errors import StoreNotOpen
from ...ports.store import Store
from ...ports.wakeup import Wakeup
from ..backoff import LONGEST_AWAY, Backoff
from ..outage import Outage
from ..trouble import Complaint, Trouble, may_be_of_one
from ..use_cases import maintain
from ..wake_event import WakeEvent
from .age_watch import AgeWatch
from .duty import Duty, Plan
from .expiry import Expiry
from .lapses import lapses
from .promotion import promotion
from .retention import Retention, purge
from .timed_call import TimedCall

RETENTION_EVERY: Final = timedelta(seconds=15)
KEEP_EVENTS: Final = timedelta(days=7)
BETWEEN_SWEEPS: Final = 0.002
"""Seconds of rest between two sweeps, so that a busy neighbour does not keep it awake."""
GIVES_UP_SECONDS: Final = 30.0
"""How long a store may refuse everything before a scheduler of its own ends."""

_log = logging.getLogger("errands.scheduler")


class QueueScheduler:
    """Makes due jobs ready, takes expired leases, ends what has lapsed, removes what is old.

    Each is a `Duty`; the scheduler only runs them, for all queues of the store. Any number may
    run, without a leader: every change is decided under the job's version. It sleeps until the
    next moment at which something falls due, and wakes for jobs that fall due sooner.
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
        outage: Outage,
        chance: Callable[[], float],
    ) -> None:
        self._store = store
        self._wakeup = wakeup
        self._poll = poll.total_seconds()
        self._monotonic = monotonic
        self._ages = AgeWatch(monotonic)
        self._expiry = Expiry(store, monotonic)
        self._duties: tuple[Duty, ...] = (
            promotion(store, monotonic),
            self._expiry,
            lapses(store, monotonic),
            purge(store, self._ages, monotonic),
            Retention(store, self._ages, monotonic, every=retention_every, keep_events=keep_events),
        )
        self._outage = outage
        self._complaint = Complaint(_log, "the store failed", outage=outage, monotonic=monotonic)
        self._backoff = Backoff(self._poll, LONGEST_AWAY, chance)
        self._signal: WakeEvent | None = None
        self._has_run = False
        self._is_closed = False

    def watch_renewals(self, is_behind: Callable[[], bool]) -> None:
        """Take no lease while those of a worker cannot be renewed, nor for their length after."""
        self._expiry.is_behind = is_behind

    async def run(self, *, gives_up: bool = True) -> None:
        """Work until closed; a store that fails is tried again, one that is closed ends it.

        Raises `StoreNotOpen`; and the store's error when it has refused everything for 30 s in a
        way that does not pass, unless it is not to give up. A store that takes a write which
        changes nothing does not refuse everything: the jobs that are due are at fault.
        """
        if self._has_run:
            raise WorkerStateError("this scheduler was run before")
        self._has_run = True
        self._signal = WakeEvent()
        unsubscribe = self._wakeup.subscribe(_falls_due_later, self._signal.set)
        unsubscribe_from_outage = self._outage.subscribe(self._signal.set)
        try:
            while not self._is_closed:
                await self._signal.wait(await self._sweep_and_plan(gives_up=gives_up))
                await asyncio.sleep(BETWEEN_SWEEPS)
        finally:
            unsubscribe()
            unsubscribe_from_outage()
            self._complaint.leave()

    async def close(self) -> None:
        """End after the current sweep."""
        self._is_closed = True
        if self._signal is not None:
            self._signal.set()

    async def sweep(self) -> Mapping[str, int]:
        """Do everything that is due now, once; also what is only done now and then.

        Returns how many jobs were promoted, expired, lapsed, purged (for their age) and trimmed
        (beyond the count that is kept), by these words. Takes every lease that has run out. Nobody
        has watched whether its worker could renew it: after an outage or a clock that was set, a
        living worker's jobs may start again.
        """
        return await self._do({duty.name: duty.sweep for duty in self._duties})

    async def _sweep_and_plan(self, *, gives_up: bool) -> float:
        """Do what is due; seconds until the next time."""
        try:
            plan = await self._look()
            due = [duty for duty in self._duties if duty.is_due(plan)]
            done = await self._do({duty.name: partial(duty.run, plan) for duty in due})
            if len(due) > 1 or any(done.values()):
                # What was due before is done, or held by somebody else: that waits for the poll.
                plan = await self._look(after=plan.now)
            self._complaint.over()
            self._backoff.reset()
            waits = [duty.wait(plan) for duty in self._duties]
            return min([self._poll, *(wait for wait in waits if wait is not None)])
        except StoreNotOpen:
            raise
        except Exception as error:
            if not may_be_of_one(error):
                self._expiry.watch.lost()
            self._complaint.say(error)
            lasts_long = self._complaint.lasts_seconds >= GIVES_UP_SECONDS
            if gives_up and lasts_long and not await self._takes_writes():
                raise
            return self._backoff.next() if Trouble.of(error) is Trouble.PASSING else self._poll

    async def _takes_writes(self) -> bool:
        try:
            await self._store.transact(maintain.write_in_vain)
        except maintain.TakenBack:
            return True
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing was taken
            _log.debug("the store takes nothing: %s", error)
        return False

    async def _look(self, after: datetime | None = None) -> Plan:
        """What comes next; of moments only those after `after`, if that is given."""
        call = TimedCall(partial(maintain.agenda, after=after), self._monotonic)
        with self._expiry.watching():
            plan = Plan(*await self._store.read(call))
        self._expiry.looked(plan, call)
        self._ages.looked(plan.now, call.began, call.took)
        return plan

    async def _do(self, wanted: Mapping[str, Callable[[], Awaitable[int]]]) -> dict[str, int]:
        """Each in turn; one that fails for a reason of its own keeps no other from it."""
        done, failed = dict.fromkeys(wanted, 0), None
        for name, do in wanted.items():
            try:
                done[name] = await do()
            except Exception as error:
                if not may_be_of_one(error):
                    raise
                failed = error
        if failed is not None:
            raise failed
        return done


def _falls_due_later(hint: Hint) -> bool:
    return hint.type is EventType.DELAYED
