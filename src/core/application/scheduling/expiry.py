"""Takes the leases of workers that are dead, and of no others."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from ...domain.job.lease import Term
from ...ports.job_calendar import Agenda
from ...ports.store import Store
from ...ports.unit_of_work import UnitOfWork
from ..use_cases import maintain
from .duty import Duty, Plan
from .lease_watch import LeaseWatch
from .paged_duty import PagedDuty, PageWork
from .timed_call import TimedCall


class Expiry(Duty):
    """Does what a `watch` of the store says about leases: tries to write, takes, or waits."""

    name = "expired"

    def __init__(self, store: Store, monotonic: Callable[[], float]) -> None:
        self.watch = LeaseWatch(monotonic)
        self.is_behind: Callable[[], bool] = bool
        """Whether leases cannot be renewed in time, as the worker knows that it belongs to."""
        self._store = store
        self._monotonic = monotonic
        self._watched = self._paged(self._expire)
        self._unwatched = self._paged(maintain.expire_leases)
        self._has_taken = False
        self._longest = timedelta(0)
        self._waited = timedelta(0)

    def looked(self, plan: Plan, call: TimedCall[Any]) -> None:
        """Note what a look at the store has shown, and how long it took."""
        self.watch.looked(plan.now, call.began, call.took, _terms(plan))

    def is_due(self, plan: Plan) -> bool:
        """Always: only running it shows."""
        del plan
        return True

    def wait(self, plan: Plan) -> float | None:
        """What could be taken at once and was not, others are busy with: it waits for the poll."""
        waits = [self.watch.wait(plan.now, term) for term in _terms(plan)]
        in_sight = [wait for wait in waits if wait or (wait is not None and self._has_taken)]
        return min(in_sight, default=None)

    async def run(self, plan: Plan) -> int:
        """Take what may be taken; how much was done."""
        self._has_taken = False
        done = await self._take(plan.now, _terms(plan))
        self._has_taken = bool(done)
        return done

    async def sweep(self) -> int:
        """Take every lease that has run out. Nobody has watched whether its worker could renew it.

        After an outage or a clock that was set, a living worker's jobs may start again.
        """
        return await self._unwatched.sweep()

    async def _take(self, now: datetime, terms: list[Term]) -> int:
        if self.is_behind():
            self.watch.lost()
            return 0
        if self.watch.has_to_write(now, terms):
            call = TimedCall(maintain.try_renewing, self._monotonic)
            with self.watching():
                await self._store.transact(call, is_large=True)
            self.watch.wrote(call.took, terms)
            return 1
        self._longest, self._waited = self.watch.longest, timedelta(0)
        is_over = any(term.has_run_out(now) or term.is_beyond(now) for term in terms)
        if not self._longest or not is_over:
            return 0
        taken = await self._watched.sweep()
        self.watch.wrote(self._waited.total_seconds(), terms)
        return taken

    @contextmanager
    def watching(self) -> Generator[None]:
        """The block looks at the store as a whole: where it fails, the store is lost sight of."""
        try:
            yield
        except Exception:
            self.watch.lost()
            raise

    def _expire(self, uow: UnitOfWork, page: maintain.Page) -> int:
        return maintain.expire_watched(uow, page, longest=self._longest, waited=self._note_wait)

    def _note_wait(self) -> timedelta:
        waited = self._watched.waited()
        self._waited = max(self._waited, waited)
        return waited

    def _paged(self, work: PageWork) -> PagedDuty:
        return PagedDuty(self._store, self.name, work, _never, monotonic=self._monotonic)


def _never(agenda: Agenda) -> None:
    """When it is due, the leases say."""
    del agenda


def _terms(plan: Plan) -> list[Term]:
    ends = (plan.agenda.first_lease, plan.agenda.last_lease)
    return [term for term in ends if term is not None]
