"""The queue scheduler: due jobs, lost workers, lapses, retention."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import attrs

from ..domain.errors import StoreNotOpen, WorkerStateError
from ..domain.events import EventType, Hint
from ..domain.job import defaults
from ..domain.job.lease import Term
from ..ports.job_calendar import Agenda
from ..ports.store import Store, Work
from ..ports.unit_of_work import UnitOfWork
from ..ports.wakeup import Wakeup
from .age_watch import AgeWatch
from .backoff import LONGEST_AWAY, Backoff
from .doubt import Doubt
from .duty import Duty, PageWork
from .lease_taking import LeaseTaking
from .outage import Outage
from .timed_call import TimedCall
from .trouble import Complaint, Trouble, may_be_of_one
from .use_cases import maintain
from .use_cases.read import list_queue_names
from .wake_event import WakeEvent

RETENTION_EVERY: Final = timedelta(seconds=15)
KEEP_EVENTS: Final = timedelta(days=7)
QUEUES_A_ROUND: Final = 200
"""Queues in which a round of retention counts the settled jobs; of more, others come next time."""
BETWEEN_SWEEPS: Final = 0.002
"""Seconds of rest between two sweeps, so that a busy neighbour does not keep it awake."""

EXPIRED: Final = "expired"
BOUNDS: Final = "bounds"
GIVES_UP_SECONDS: Final = 30.0
"""How long a store may refuse everything before a scheduler of its own ends."""

_log = logging.getLogger("errands.scheduler")


@attrs.frozen
class SweepReport:
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
        outage: Outage,
        chance: Callable[[], float],
    ) -> None:
        self._store = store
        self._wakeup = wakeup
        self._poll = poll.total_seconds()
        self._retention_every = retention_every.total_seconds()
        self._keep_events = keep_events
        self._monotonic = monotonic
        self._ages = AgeWatch(monotonic)
        self._duties = _duties(store, monotonic, self._ages)
        self._outage = outage
        self._complaint = Complaint(_log, "the store failed", outage=outage, monotonic=monotonic)
        self._backoff = Backoff(self._poll, LONGEST_AWAY, chance)
        self._leases = LeaseTaking(store, monotonic)
        self._next_retention = 0.0
        self._last_trimmed = ""
        self._signal: WakeEvent | None = None
        self._has_run = False
        self._is_closed = False

    def watch_renewals(self, is_behind: Callable[[], bool]) -> None:
        """Take no lease while those of a worker cannot be renewed, nor for their length after."""
        self._leases.is_behind = is_behind

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

    async def sweep(self) -> SweepReport:
        """Do everything that is due now, once; also what is only done now and then.

        Takes every lease that has run out. Nobody has watched whether its worker could renew it:
        after an outage or a clock that was set, a living worker's jobs may start again.
        """
        await self._keep_bounds(await self._store.read(list_queue_names))
        return SweepReport(
            **await self._do({name: duty.run for name, duty in self._duties.items()})
        )

    async def _sweep_and_plan(self, *, gives_up: bool) -> float:
        """Do what is due; seconds until the next time."""
        try:
            now, agenda = await self._look()
            due = self._due(now, agenda)
            done = await self._do(due)
            if len(due) > 1 or done[EXPIRED]:
                # What was due before is done, or held by somebody else: that waits for the poll.
                now, agenda = await self._look(after=now)
            self._complaint.over()
            self._backoff.reset()
            return self._pause(now, agenda, has_taken=bool(done[EXPIRED]))
        except StoreNotOpen:
            raise
        except Exception as error:
            if not may_be_of_one(error):
                self._leases.watch.lost()
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

    async def _look(self, after: datetime | None = None) -> tuple[datetime, Agenda]:
        call = TimedCall(partial(maintain.agenda, after=after), self._monotonic)
        with self._leases.watching():
            now, agenda = await self._store.read(call)
        self._leases.watch.looked(now, call.began, call.took, _terms(agenda))
        self._ages.looked(now, call.began, call.took)
        return now, agenda if self._ages.is_steady else attrs.evolve(agenda, purge=None)

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

    def _due(self, now: datetime, agenda: Agenda) -> dict[str, Callable[[], Awaitable[int]]]:
        """What is to be done now, by the report's fields; the bounds now and then, and last."""
        moments = {"promoted": agenda.due, "lapsed": agenda.lapse, "purged": agenda.purge}
        due: dict[str, Callable[[], Awaitable[int]]] = {
            name: self._duties[name].run
            for name, at in moments.items()
            if at is not None and at <= now
        }
        due[EXPIRED] = partial(self._leases.take, now, _terms(agenda))
        if self._monotonic() >= self._next_retention:
            due[BOUNDS] = self._keep_bounds_of_this_round
        return due

    def _pause(self, now: datetime, agenda: Agenda, *, has_taken: bool) -> float:
        """Seconds until the next time: none where something fell due while others were done."""
        moments = (at for at in (agenda.due, agenda.lapse, agenda.purge) if at is not None)
        waits = [(at - now).total_seconds() for at in moments]
        leases = (self._leases.watch.wait(now, term) for term in _terms(agenda))
        waits += [wait for wait in leases if wait or (wait is not None and has_taken)]
        return max(0.0, min([self._poll, *waits]))

    async def _until_done(self, batch: Work[int]) -> int:
        """Run a batch until one is not full; others get the write lock in between."""
        total = 0
        while True:
            done = await self._store.transact(batch, is_large=True)
            total += done
            if done < maintain.PAGE:
                return total
            await asyncio.sleep(0)

    async def _keep_bounds_of_this_round(self) -> int:
        self._next_retention = self._monotonic() + self._retention_every
        await self._keep_bounds(await self._of_this_round())
        return 0

    async def _of_this_round(self) -> Sequence[str]:
        """Some queues, all in turn: an idle scheduler of very many must not be busy with them."""
        names = sorted(await self._store.read(list_queue_names))
        behind = [name for name in names if name > self._last_trimmed] or names
        chosen = behind[:QUEUES_A_ROUND]
        self._last_trimmed = chosen[-1] if chosen else ""
        return chosen

    async def _keep_bounds(self, queues: Sequence[str]) -> None:
        """Remove the queues' settled jobs beyond their count, and old events."""
        doubt, failed = Doubt(), None
        for queue in queues:
            try:
                if await self._until_done(partial(maintain.trim, queue=queue)):
                    doubt.taken()
            except Exception as error:
                if not doubt.is_of_one(error, [queue]):
                    raise
                failed = error
                _log.warning("queue %s keeps more settled jobs than it should: %s", queue, error)
        if self._ages.is_steady:
            latest = self._ages.latest
            await self._until_done(
                partial(maintain.prune_events, keep=self._keep_events, latest=latest)
            )
        if failed is not None and doubt.is_left:
            raise failed


def _duties(store: Store, monotonic: Callable[[], float], ages: AgeWatch) -> dict[str, Duty]:
    """What a sweep does, in its order, by the fields of `SweepReport`."""

    def purge(uow: UnitOfWork, page: maintain.Page) -> int:
        return maintain.purge(uow, page, latest=ages.latest)

    duties: dict[str, PageWork] = {
        "promoted": maintain.promote_due,
        EXPIRED: maintain.expire_leases,
        "lapsed": maintain.lapse,
        "purged": purge,
    }
    return {done: Duty(store, done, batch, monotonic=monotonic) for done, batch in duties.items()}


def _falls_due_later(hint: Hint) -> bool:
    return hint.type is EventType.DELAYED


def _terms(agenda: Agenda) -> list[Term]:
    return [term for term in (agenda.first_lease, agenda.last_lease) if term is not None]
