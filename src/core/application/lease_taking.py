"""Takes the leases of workers that are dead, and of no others."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta

from ..domain.job.lease import Term
from ..ports.store import Store
from ..ports.unit_of_work import UnitOfWork
from .duty import Duty
from .lease_watch import LeaseWatch
from .timed_call import TimedCall
from .use_cases import maintain


class LeaseTaking:
    """Does what a `watch` of the store says about leases: tries to write, takes, or waits."""

    def __init__(self, store: Store, monotonic: Callable[[], float]) -> None:
        self.watch = LeaseWatch(monotonic)
        self.is_behind: Callable[[], bool] = bool
        """Whether leases cannot be renewed in time, as the worker knows that it belongs to."""
        self._store = store
        self._monotonic = monotonic
        self._duty = Duty(store, "expired", self._expire, monotonic=monotonic)
        self._longest = timedelta(0)
        self._waited = timedelta(0)

    async def take(self, now: datetime, terms: list[Term]) -> int:
        """Take what may be taken; how much was done."""
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
        taken = await self._duty.run()
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
        waited = self._duty.waited()
        self._waited = max(self._waited, waited)
        return waited
