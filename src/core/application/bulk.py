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
from .job_validator import checked_count
from .listing import checked_statuses
from .transactions import Transactions
from .use_cases import administer
from .use_cases.administer import JobSelection, SelectedPage
from .use_cases.maintain import PAGE
from .use_cases.manage import Promote, Retry

ALL: Final = frozenset(JobStatus)
Statuses = JobStatus | str | Iterable[JobStatus | str]


def drain(queue: str, *, delayed: bool) -> Transactions[int]:
    """Remove what has not started."""
    statuses = UNSTARTED if checked_flag(delayed, "delayed") else frozenset({JobStatus.WAITING})
    removed, _ = yield from _page_by_page(
        JobSelection(queue, statuses), None, _removing(force=False)
    )
    yield partial(administer.note_cleaned, queue=queue, removed=removed)
    return removed


def clean(queue: str, grace: Duration, *, limit: int | None, status: Statuses) -> Transactions[int]:
    """Remove jobs of these statuses; never one that runs."""
    statuses = checked_statuses(status) - {JobStatus.ACTIVE}
    selection = JobSelection(queue, statuses, older_than=duration(grace, "grace"))
    removed, _ = yield from _page_by_page(selection, _checked(limit), _removing(force=False))
    yield partial(administer.note_cleaned, queue=queue, removed=removed)
    return removed


def obliterate(queue: str, *, force: bool) -> Transactions[int]:
    """Remove every job and the queue itself.

    Without `force` it refuses as soon as it finds that a job runs; what it has removed until
    then stays removed. The queue is forgotten once nothing is left of what there was.
    """
    if not checked_flag(force, "force"):
        yield partial(administer.require_idle, name=queue)
    selection, removed, is_gone = JobSelection(queue, ALL), 0, False
    while not is_gone:
        more, up_to = yield from _page_by_page(selection, None, _removing(force=force))
        removed += more
        is_gone = yield partial(administer.forget_queue, name=queue, up_to=up_to)
        selection = attrs.evolve(selection, up_to=up_to)
    return removed


def retry_many(
    queue: str,
    *,
    status: Statuses,
    before: datetime | None,
    limit: int | None,
    reset_attempts: bool,
) -> Transactions[int]:
    """Retry settled jobs in the order of adding."""
    statuses = checked_statuses(status) & TERMINAL
    moment = None if before is None else instant(before, "before")
    verb = Retry(checked_flag(reset_attempts, "reset_attempts"))
    change = partial(administer.change_page, decide=verb)
    selection = JobSelection(queue, statuses, before=moment)
    return (yield from _page_by_page(selection, _checked(limit), change))[0]


def promote_many(queue: str, *, limit: int | None) -> Transactions[int]:
    """Make delayed jobs ready, in the order of adding."""
    change = partial(administer.change_page, decide=Promote())
    selection = JobSelection(queue, frozenset({JobStatus.DELAYED}))
    return (yield from _page_by_page(selection, _checked(limit), change))[0]


def _removing(*, force: bool) -> Callable[..., SelectedPage]:
    return partial(administer.remove_page, force=force)


def _page_by_page(
    selection: JobSelection, limit: int | None, change: Callable[..., SelectedPage]
) -> Transactions[tuple[int, int]]:
    """Page by page; how many jobs were changed, and up to which key it has looked."""
    changed, cursor, up_to = 0, None, selection.up_to
    while selection.statuses:
        room = PAGE if limit is None else min(PAGE, limit - changed)
        if room <= 0:
            break
        bounded = attrs.evolve(selection, limit=room, up_to=up_to)
        page: SelectedPage = yield partial(change, selection=bounded, after=cursor)
        changed, cursor, up_to = changed + page.changed, page.next, page.up_to
        if cursor is None:
            break
    return changed, up_to or 0


def _checked(limit: Any) -> int | None:
    return None if limit is None else checked_count(limit, "limit")
