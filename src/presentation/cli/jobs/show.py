"""`errands jobs show`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from ....core.application.facade.sync_job_handle import SyncJobHandle
from ....core.domain.events import Event
from ....core.ports.job_logs import LogLine
from ..finding import find_job
from ..opening import operator_of
from ..options import AsJson, Url, Whole
from ..output import console, print_json, say, show_table, table
from ..styles import short, status_text
from ..times import clock, span, stamp

LONGEST_VALUE = 400
"""Characters of a JSON value that are shown."""


def show(id: str, /, *, logs: Whole = 20, url: Url = None, as_json: AsJson = False) -> None:
    """Show a job: its data, result, times, failures, newest log lines and history.

    For example:

    - `errands jobs show 0197f0c2-7d1c-7a0e-8f5e-3b1c2d3e4f50`
    - `errands jobs show slow/nightly-import --logs 200`

    Parameters
    ----------
    id
        A bare id where only one queue has it, else queue/id.
    logs
        How many of the newest log lines.
    """
    with operator_of(url).open() as app:
        job = find_job(app, id)
        lines = job.logs(limit=logs) if logs else []
        history = list(app.queue(job.queue).events(after=0, job_id=job.id, follow=False))
    if as_json:
        print_json(_as_dict(job, lines, history))
    else:
        _print(job, lines, history)


def _as_dict(
    job: SyncJobHandle, lines: Sequence[LogLine], history: Sequence[Event]
) -> dict[str, Any]:
    return {
        **job.as_dict(),
        "logs": [
            {"number": one.number, "at": one.at.isoformat(), "text": one.text} for one in lines
        ],
        "events": [
            {"id": one.id, "at": one.at.isoformat(), "type": one.type.value, "data": one.data}
            for one in history
        ],
    }


def _print(job: SyncJobHandle, lines: Sequence[LogLine], history: Sequence[Event]) -> None:
    say(f"[bold]{escape(str(job.ref))}[/]")
    console().print(_facts(job))
    if job.failures:
        show_table(_failures(job))
        _print_traceback(job)
    if lines:
        show_table(_logs(lines))
    if history:
        show_table(_history(history))


def _facts(job: SyncJobHandle) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("status", status_text(job.status))
    for name, value in _plain_facts(job).items():
        if value:
            facts.add_row(name, escape(value))
    return facts


def _plain_facts(job: SyncJobHandle) -> dict[str, str]:
    end, start = job.finished_at, job.started_at
    crashes = f", {job.crashes} crashed" if job.crashes else ""
    return {
        "reason": short(job.reason, LONGEST_VALUE),
        "cancel": "requested" if job.is_cancel_requested else "",
        "name": job.name,
        "priority": str(job.priority),
        "attempts": f"{job.attempts_made} of {job.max_attempts} ({job.starts} starts{crashes})",
        "worker": job.worker or "",
        "tags": ", ".join(job.tags),
        "metadata": _value(job.metadata or None),
        "data": _value(job.data),
        "state": _value(job.state),
        "progress": _value(job.progress),
        "result": _value(job.return_value),
        "added": stamp(job.created_at),
        "due": "" if job.run_at is None else stamp(job.run_at),
        "started": "" if start is None else stamp(start),
        "finished": "" if end is None else stamp(end),
        "last run": "" if end is None or start is None or end < start else span(end - start),
    }


def _value(value: Any) -> str:
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _failures(job: SyncJobHandle) -> Table:
    rows = table("attempt", "at", "error", title="Failures", right=("attempt",))
    for failure in job.failures:
        rows.add_row(str(failure.attempt), clock(failure.at), short(failure.reason, 200))
    return rows


def _print_traceback(job: SyncJobHandle) -> None:
    traceback = job.failures[-1].traceback
    if traceback:
        say("[bold]Newest traceback[/]")
        say(f"[dim]{escape(traceback.rstrip())}[/]\n")


def _logs(lines: Sequence[LogLine]) -> Table:
    rows = table("line", "at", "text", title="Log", right=("line",))
    for line in lines:
        rows.add_row(str(line.number), clock(line.at), escape(line.text))
    return rows


def _history(history: Sequence[Event]) -> Table:
    rows = table("at", "after", "event", "details", title="History")
    before = history[0].at
    for event in history:
        details = ", ".join(f"{name} {value}" for name, value in (event.data or {}).items())
        after = f"+{span(event.at - before)}" if event.at > before else ""
        rows.add_row(clock(event.at), after, event.type.value, short(details, 120))
        before = event.at
    return rows
