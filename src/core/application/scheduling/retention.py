"""Removes what is old: settled jobs by age and by count, events, forgotten queues."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from ...ports.job_calendar import Agenda
from ...ports.store import Store, Work
from ...ports.unit_of_work import UnitOfWork
from ..doubt import Doubt
from ..use_cases import maintain
from ..use_cases.read import list_queue_names
from .age_watch import AgeWatch
from .duty import Duty, Plan
from .paged_duty import PagedDuty

QUEUES_A_ROUND: Final = 200
"""Queues in which a round of retention counts the settled jobs; of more, others come next time."""

_log = logging.getLogger("errands.scheduler")


def purge(store: Store, ages: AgeWatch, monotonic: Callable[[], float]) -> Duty:
    """Removes settled jobs that are older than they are kept."""

    def work(uow: UnitOfWork, page: maintain.Page) -> int:
        return maintain.purge(uow, page, latest=ages.latest)

    def at(agenda: Agenda) -> datetime | None:
        return agenda.purge if ages.is_steady else None

    return PagedDuty(store, "purged", work, at, monotonic=monotonic)


class Retention(Duty):
    """Removes the queues' settled jobs beyond their count, and old events, every so often."""

    name = "trimmed"

    def __init__(
        self,
        store: Store,
        ages: AgeWatch,
        monotonic: Callable[[], float],
        *,
        every: timedelta,
        keep_events: timedelta,
    ) -> None:
        self._store = store
        self._ages = ages
        self._monotonic = monotonic
        self._every = every.total_seconds()
        self._keep_events = keep_events
        self._next = 0.0
        self._last_queue = ""

    def is_due(self, plan: Plan) -> bool:
        del plan
        return self._monotonic() >= self._next

    def wait(self, plan: Plan) -> float | None:
        """Nobody is woken for it: it is done with the next thing that is due."""
        del plan
        return None

    async def run(self, plan: Plan) -> int:
        del plan
        self._next = self._monotonic() + self._every
        return await self._keep_bounds(await self._of_this_round())

    async def sweep(self) -> int:
        return await self._keep_bounds(await self._store.read(list_queue_names))

    async def _of_this_round(self) -> Sequence[str]:
        """Some queues, all in turn: an idle scheduler of very many must not be busy with them."""
        names = sorted(await self._store.read(list_queue_names))
        behind = [name for name in names if name > self._last_queue] or names
        chosen = behind[:QUEUES_A_ROUND]
        self._last_queue = chosen[-1] if chosen else ""
        return chosen

    async def _keep_bounds(self, queues: Sequence[str]) -> int:
        doubt, failed, trimmed = Doubt(), None, 0
        for queue in queues:
            try:
                removed = await self._until_done(partial(maintain.trim, queue=queue))
                trimmed += removed
                if removed:
                    doubt.taken()
            except Exception as error:
                if not doubt.is_of_one(error, [queue]):
                    raise
                failed = error
                _log.warning("queue %s keeps more settled jobs than it should: %s", queue, error)
        if self._ages.is_steady:
            latest = self._ages.latest
            prune = partial(maintain.prune_events, keep=self._keep_events, latest=latest)
            await self._until_done(prune)
        if failed is not None and doubt.is_left:
            raise failed
        return trimmed

    async def _until_done(self, page: Work[int]) -> int:
        """Remove page by page until one is not full; others get the write lock in between."""
        total = 0
        while True:
            done = await self._store.transact(page, is_large=True)
            total += done
            if done < maintain.PAGE:
                return total
            await asyncio.sleep(0)
