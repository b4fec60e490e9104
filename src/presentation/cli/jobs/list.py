"""`errands jobs list`."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.text import Text

from ....core.application.facade.sync_job_handle import SyncJobHandle
from ....core.application.facade.sync_queue import SyncJobPage
from ....core.domain.errors import JobUnreadable
from ..opening import operator_of
from ..options import AsJson, Flag, MaybeWhole, Names, Url, Whole
from ..output import print_json, say, show_table, table
from ..styles import short, status_text
from ..times import when


def list_jobs(
    *,
    status: Names = (),
    queue: str | None = None,
    name: str | None = None,
    tag: str | None = None,
    error: str | None = None,
    limit: Whole = 20,
    after: MaybeWhole = None,
    oldest_first: Flag = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first; every given condition must hold.

    For example:

    - `errands jobs list --status failed --error Timeout`
    - `errands jobs list --queue slow --limit 100 --json`

    Parameters
    ----------
    status
        waiting, delayed, waiting_children, active, completed, failed or cancelled; may be
        given several times.
    queue
        Only of this queue.
    name
        Only of this name.
    tag
        Only with this tag.
    error
        Part of the text of a failure.
    limit
        At most so many, up to 1,000.
    after
        Where the page before this one ended, as it said.
    oldest_first
        In the order of adding.
    """
    with operator_of(url).open() as app:
        page = app.jobs(
            queue=queue,
            status=status or None,
            name=name,
            tag=tag,
            error=error,
            limit=limit,
            after=after,
            newest_first=not oldest_first,
        )
    if as_json:
        print_json({"jobs": [_as_dict(job) for job in page.jobs], "next": page.next})
    else:
        _print(page)


def _as_dict(job: SyncJobHandle) -> dict[str, Any]:
    try:
        return job.as_dict()
    except JobUnreadable as error:
        return {
            "id": job.id,
            "queue": job.queue,
            "name": job.name,
            "unreadable": {"columns": list(error.columns), "reason": error.reason},
        }


def _print(page: SyncJobPage) -> None:
    if not page.jobs:
        say("No jobs.")
        return
    columns = ("id", "queue", "name", "status", "attempts", "added", "reason")
    rows = table(*columns, right=("attempts",))
    for job in page.jobs:
        rows.add_row(escape(job.id), escape(job.queue), escape(job.name), *_standing(job))
    show_table(rows)
    if page.next is not None:
        say(f"[dim]More: --after {page.next}[/]")


def _standing(job: SyncJobHandle) -> tuple[str | Text, ...]:
    try:
        due = f" {when(job.run_at)}" if job.run_at is not None else ""
        status = status_text(job.status).append(due, "dim")
        attempts = f"{job.attempts_made}/{job.max_attempts}"
        return (status, attempts, when(job.created_at), short(job.reason))
    except JobUnreadable as error:
        return (Text("unreadable", "red"), "", "", short(error.reason))
