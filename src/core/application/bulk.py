"""Verbs over many jobs of a queue, in bounded transactions: each is atomic, the whole is not.

Each is for the jobs that were there when it began, so that it ends beside any producer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final

import attrs

from ..domain.job.durations import Duration, duration, instant
from ..domain.job.options import checked_flag
from ..domain.job.status import TERMINAL, UNSTARTED, JobStatus
from .listing import checked_statuses
from .requests import checked_count
from .steps import Steps
from .use_cases import administer
from .use_cases.administer import Sweep, Swept
from .use_cases.maintain import BATCH
from .use_cases.manage import Promote, Retry

ALL: Final = frozenset(JobStatus)
Statuses = JobStatus | str | Iterable[JobStatus | str]


def drain(queue: str, *, delayed: bool) -> Steps[int]:
    """Remove what has not started."""
    statuses = UNSTARTED if checked_flag(delayed, "delayed") else frozenset({JobStatus.WAITING})
    removed, _ = yield from _sweep(Sweep(queue, statuses), None, _removing(force=False))
    yield partial(administer.note_cleaned, queue=queue, removed=removed)
    return removed


def clean(queue: str, grace: Duration, *, limit: int | None, status: Statuses) -> Steps[int]:
    """Remove jobs of these statuses; never one that runs."""
    statuses = checked_statuses(status) - {JobStatus.ACTIVE}
    sweep = Sweep(queue, statuses, older_than=duration(grace, "grace"))
    removed, _ = yield from _sweep(sweep, _checked(limit), _removing(force=False))
    yield partial(administer.note_cleaned, queue=queue, removed=removed)
    return removed


def obliterate(queue: str, *, force: bool) -> Steps[int]:
    """Remove every job and the queue itself.

    Without `force` it refuses as soon as it finds that a job runs; what it has removed until
    then stays removed. The queue is forgotten once nothing is left of what there was.
    """
    if not checked_flag(force, "force"):
        yield partial(administer.require_idle, name=queue)
    sweep, removed, is_gone = Sweep(queue, ALL), 0, False
    while not is_gone:
        more, up_to = yield from _sweep(sweep, None, _removing(force=force))
        removed += more
        is_gone = yield partial(administer.forget_queue, name=queue, up_to=up_to)
        sweep = attrs.evolve(sweep, up_to=up_to)
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
    verb = Retry(checked_flag(reset_attempts, "reset_attempts"))
    batch = partial(administer.change_batch, decide=verb)
    sweep = Sweep(queue, statuses, before=moment)
    return (yield from _sweep(sweep, _checked(limit), batch))[0]


def promote_many(queue: str, *, limit: int | None) -> Steps[int]:
    """Make delayed jobs ready, in the order of adding."""
    batch = partial(administer.change_batch, decide=Promote())
    sweep = Sweep(queue, frozenset({JobStatus.DELAYED}))
    return (yield from _sweep(sweep, _checked(limit), batch))[0]


def _removing(*, force: bool) -> Callable[..., Swept]:
    return partial(administer.remove_batch, force=force)


def _sweep(sweep: Sweep, limit: int | None, batch: Callable[..., Swept]) -> Steps[tuple[int, int]]:
    """Batch after batch; how many jobs were changed, and up to which key it has looked."""
    changed, cursor, up_to = 0, None, sweep.up_to
    while sweep.statuses:
        room = BATCH if limit is None else min(BATCH, limit - changed)
        if room <= 0:
            break
        bounded = attrs.evolve(sweep, limit=room, up_to=up_to)
        swept: Swept = yield partial(batch, sweep=bounded, after=cursor)
        changed, cursor, up_to = changed + swept.changed, swept.next, swept.up_to
        if cursor is None:
            break
    return changed, up_to or 0


def _checked(limit: Any) -> int | None:
    return None if limit is None else checked_count(limit, "limit")
