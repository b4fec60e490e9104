"""A duty that is done page by page, to all jobs whose time for it has come."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

import attrs

from ...domain.job.job import Job
from ...ports.job_calendar import Agenda
from ...ports.store import Store
from ...ports.unit_of_work import UnitOfWork
from ..apart import pieces
from ..doubt import MOST_ALONE, Doubt
from ..trouble import Trouble
from ..use_cases.maintain import PAGE, Page
from .duty import Duty, Plan

PASSED_OVER_SECONDS: Final = 60.0
"""How long a job is passed over whose change the database did not take; twice as long each time."""
LONGEST_PASSED_OVER_SECONDS: Final = 3_600.0

_log = logging.getLogger("errands.scheduler")


class PageWork(Protocol):
    """What is done to the jobs of a page; how many they were."""

    def __call__(self, uow: UnitOfWork, page: Page) -> int:
        """Do it."""
        ...


@attrs.frozen
class _Passed:
    """Until when a job is passed over, and for how long that is."""

    until: float
    seconds: float


class PagedDuty(Duty):
    """Does it page by page; others get the write lock in between.

    `at` says when something falls due, by the agenda.

    Where the database does not take a page, it is cut down to the job at fault. That one is
    told in the log and passed over for a minute, and for twice as long each time, up to an hour;
    the others do not wait for it. What may be the store's own failure is raised where no job was
    taken.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        work: PageWork,
        at: Callable[[Agenda], datetime | None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._store = store
        self._work = work
        self._at = at
        self._monotonic = monotonic
        self._passed_over: dict[int, _Passed] = {}
        self._behind: dict[int, None] = {}
        self._asked = 0.0

    def waited(self) -> timedelta:
        """How long ago the store was asked to do the page that is under way."""
        return timedelta(seconds=self._monotonic() - self._asked)

    def is_due(self, plan: Plan) -> bool:
        at = self._at(plan.agenda)
        return at is not None and at <= plan.now

    def wait(self, plan: Plan) -> float | None:
        at = self._at(plan.agenda)
        return None if at is None else max(0.0, (at - plan.now).total_seconds())

    async def run(self, plan: Plan) -> int:
        """Do all of it; to how many jobs. Raises what the store fails with."""
        del plan
        return await self.sweep()

    async def sweep(self) -> int:
        doubt, doubted = Doubt(), dict[Job, Exception]()
        try:
            total = await self._run_pages(doubt, doubted)
        finally:
            self._judge(doubt, doubted)
        if doubted and doubt.is_left:
            raise next(iter(doubted.values()))
        return total

    async def _run_pages(self, doubt: Doubt, doubted: dict[Job, Exception]) -> int:
        """Page by page; notes jobs that were refused alone before any other was taken."""
        total, size, suspects, cut = 0, PAGE, 0, 2
        while True:
            page = Page(size, self._keys_left_out(doubted), [])
            self._asked = self._monotonic()
            try:
                done = await self._store.transact(partial(self._work, page=page), is_large=True)
            except Exception as error:
                is_of_one = doubt.is_of_one(error, range(size))
                if size == 1 and (is_of_one or doubt.blames_store):
                    self._note(page, error, doubted)
                if not is_of_one:
                    raise
                suspects, cut = size if size > 1 else 0, pieces(error)
            else:
                if done:
                    doubt.taken()
                total += done
                suspects -= done
                if done < size and not self._has_forgotten(doubt):
                    return total
            size = max(1, suspects // cut) if suspects > 0 else PAGE
            await asyncio.sleep(0)

    def _note(self, page: Page, error: Exception, doubted: dict[Job, Exception]) -> None:
        """Pass over the job of a page that failed, or have it in doubt."""
        for job in page.found or ():
            if Trouble.of(error).is_doubtful:
                doubted[job] = error
            else:
                self._pass_over(job, error)

    def _judge(self, doubt: Doubt, doubted: dict[Job, Exception]) -> None:
        """Pass over the jobs in doubt if it was theirs; else they come behind all others, or next.

        So several at fault that come first do not stand for the store each time.
        """
        for job, error in doubted.items():
            if doubt.has_taken:
                self._pass_over(job, error)
            elif doubt.blames_store:
                self._behind[job.key] = None

    def _has_forgotten(self, doubt: Doubt) -> bool:
        """Let those come that were to come behind all others; whether there are any.

        Where nothing was taken, only so few that what falls due meanwhile need not wait for all.
        """
        forgotten = list(self._behind)[: None if doubt.has_taken else MOST_ALONE]
        for key in forgotten:
            del self._behind[key]
        return bool(forgotten)

    def _keys_left_out(self, doubted: Collection[Job]) -> frozenset[int]:
        now = self._monotonic()
        for key, passed in list(self._passed_over.items()):
            if passed.until + LONGEST_PASSED_OVER_SECONDS <= now:
                del self._passed_over[key]
        passed_over = (key for key, passed in self._passed_over.items() if passed.until > now)
        return frozenset((*passed_over, *self._behind, *(job.key for job in doubted)))

    def _pass_over(self, job: Job, error: Exception) -> None:
        before = self._passed_over.get(job.key)
        seconds = PASSED_OVER_SECONDS if before is None else before.seconds * 2
        seconds = min(seconds, LONGEST_PASSED_OVER_SECONDS)
        self._passed_over[job.key] = _Passed(self._monotonic() + seconds, seconds)
        _log.error(
            "job %s is not %s; trying again in %.0f s: %s", job.ref, self.name, seconds, error
        )
