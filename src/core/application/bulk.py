"""Verbs over many jobs of a queue, in bounded transactions: each is atomic, the whole is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final

import attrs

from ..domain.job.durations import Duration, duration, instant
from ..domain.job.status import TERMINAL, UNSTARTED, JobStatus
from .requests import checked_count, checked_statuses
from .steps import Steps
from .use_cases import administer
from .use_cases.administer import Sweep, Swept
from .use_cases.maintain import BATCH
from .use_cases.manage import Promote, Retry

ALL: Final = frozenset(JobStatus)
Statuses = JobStatus | str | Iterable[JobStatus | str]


def drain(queue: str, *, delayed: bool) -> Steps[int]:
    """Remove what has not started."""
    statuses = UNSTARTED if delayed else frozenset({JobStatus.WAITING})
    removed = yield from _sweep(Sweep(queue, statuses), None, _removing(force=False))
    yield partial(administer.note_cleaned, queue=queue, removed=removed)
    return removed


def clean(queue: str, grace: Duration, *, limit: int | None, status: Statuses) -> Steps[int]:
    """Remove jobs of these statuses; never one that runs."""
    statuses = checked_statuses(status) - {JobStatus.ACTIVE}
    sweep = Sweep(queue, statuses, older_than=duration(grace, "grace"))
    removed = yield from _sweep(sweep, _checked(limit), _removing(force=False))
    yield partial(administer.note_cleaned, queue=queue, removed=removed)
    return removed


def obliterate(queue: str, *, force: bool) -> Steps[int]:
    """Remove every job and the queue itself."""
    if not force:
        yield partial(administer.require_idle, name=queue)
    removed = yield from _sweep(Sweep(queue, ALL), None, _removing(force=force))
    yield partial(administer.forget_queue, name=queue)
    return removed


def retry_many(
    queue: str,
    *,
    status: Statuses,
    before: datetime | None,
    limit: int | None,
    reset_attempts: bool,
) -> Steps[int]:
    """Retry settled jobs in the order of adding."""
    statuses = checked_statuses(status) & TERMINAL
    moment = None if before is None else instant(before, "before")
    batch = partial(administer.change_batch, decide=Retry(reset_attempts))
    return (yield from _sweep(Sweep(queue, statuses, before=moment), _checked(limit), batch))


def promote_many(queue: str, *, limit: int | None) -> Steps[int]:
    """Make delayed jobs ready, in the order of adding."""
    batch = partial(administer.change_batch, decide=Promote())
    sweep = Sweep(queue, frozenset({JobStatus.DELAYED}))
    return (yield from _sweep(sweep, _checked(limit), batch))


def _removing(*, force: bool) -> Callable[..., Swept]:
    return partial(administer.remove_batch, force=force)


def _sweep(sweep: Sweep, limit: int | None, batch: Callable[..., Swept]) -> Steps[int]:
    if not sweep.statuses:
        return 0
    changed, cursor = 0, None
    while True:
        room = BATCH if limit is None else min(BATCH, limit - changed)
        if room <= 0:
            return changed
        bounded = attrs.evolve(sweep, limit=room)
        swept: Swept = yield partial(batch, sweep=bounded, after=cursor)
        changed += swept.changed
        cursor = swept.next
        if cursor is None:
            return changed


def _checked(limit: Any) -> int | None:
    return None if limit is None else checked_count(limit, "limit")
