"""`errands queues`."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.text import Text

from ...core.application.use_cases.read import QueueSummary
from ...core.domain.job.status import JobStatus
from ...core.ports.job_catalog import Count
from .opening import operator_of
from .options import AsJson, Url
from .output import Trouble, print_json, say, show_table, table
from .styles import STYLES


def list_queues(*, url: Url = None, as_json: AsJson = False) -> None:
    """List every queue that was ever used; counts are exact up to 10,000.

    For example:

    - `errands queues list`
    """
    with operator_of(url).open() as app:
        queues = app.queues()
    if as_json:
        print_json([_as_dict(queue) for queue in queues])
    elif queues:
        _print(queues)
    else:
        say("No queues yet.")


def pause(*names: str, url: Url = None) -> None:
    """Let queues give out no more jobs, in any process, until resumed.

    What runs goes on. Survives restarts.

    For example:

    - `errands queues pause mail slow`
    """
    with operator_of(url).open() as app:
        for name in _checked(names):
            app.queue(name).pause()
            say(f"[bold]{escape(name)}[/] is paused")


def resume(*names: str, url: Url = None) -> None:
    """Let queues give out jobs again.

    For example:

    - `errands queues resume mail slow`
    """
    with operator_of(url).open() as app:
        for name in _checked(names):
            app.queue(name).resume()
            say(f"[bold]{escape(name)}[/] gives out jobs")


def _checked(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise Trouble("name at least one queue", 2)
    return names


def _as_dict(queue: QueueSummary) -> dict[str, Any]:
    return {
        "name": queue.name,
        "is_paused": queue.is_paused,
        "counts": {status.value: count.value for status, count in queue.counts.items()},
        "is_exact": all(count.is_exact for count in queue.counts.values()),
    }


def _print(queues: list[QueueSummary]) -> None:
    statuses = tuple(status.value for status in JobStatus)
    rows = table("queue", "", *statuses, right=statuses)
    for queue in queues:
        rows.add_row(
            escape(queue.name),
            Text("paused", "yellow") if queue.is_paused else "",
            *(_count(status, queue.counts[status]) for status in JobStatus),
        )
    show_table(rows)


def _count(status: JobStatus, count: Count) -> Text:
    if not count.value:
        return Text("0", "dim")
    return Text(f"{count.value:,}{'' if count.is_exact else '+'}", STYLES[status])
