"""What the demo says at the end."""

from __future__ import annotations

from typing import Final

from rich.markup import escape
from rich.table import Table

from .... import EventType
from ....core.application.snapshot import JobSnapshot
from ..output import plural, say, show_table, table
from ..styles import short
from .performance import Performance
from .verdict import Verdict

SLOWEST: Final = 5
MOST_FAILURES: Final = 20
MOST_DOUBTS: Final = 10
MEASURES: Final = ("lines", "functions", "classes", "branches")


def report(verdict: Verdict, happened: Performance, url: str) -> None:
    """Print the tables and the statement."""
    show_table(_totals(verdict))
    show_table(_slowest(verdict.completed))
    if verdict.failed:
        show_table(_failures(verdict.failed))
    show_table(_survived(verdict, happened))
    _state(verdict)
    say("\nThe database stays. Look at it with:")
    for command in ("jobs list --status failed", "queues list", "db doctor"):
        say(f"  errands {command} --url {escape(url)}")
    say(f"  errands jobs show {_worth_a_look(verdict)} --url {escape(url)}")


def _totals(verdict: Verdict) -> Table:
    rows = table("files", *MEASURES, title="What is in them", right=("files", *MEASURES))
    results = [job.return_value for job in verdict.completed]
    sums = (sum(result[name] for result in results) for name in MEASURES)
    rows.add_row(f"{len(results):,}", *(f"{value:,}" for value in sums))
    return rows


def _slowest(completed: list[JobSnapshot]) -> Table:
    columns = ("file", "seconds", "lines", "branches")
    rows = table(*columns, title="Slowest files", right=columns[1:])
    results = [(job.return_value, job.id) for job in completed]
    results.sort(key=lambda pair: pair[0]["seconds"], reverse=True)
    for result, name in results[:SLOWEST]:
        numbers = (f"{result['seconds']:.2f}", f"{result['lines']:,}", f"{result['branches']:,}")
        rows.add_row(escape(name), *numbers)
    return rows


def _failures(failed: list[JobSnapshot]) -> Table:
    rows = table("file", "attempts", "reason", title="Failed for good", right=("attempts",))
    for job in sorted(failed, key=lambda job: job.id)[:MOST_FAILURES]:
        message = job.failures[-1].message if job.failures else job.reason
        rows.add_row(escape(job.id), str(job.attempts_made), short(message, 100))
    if len(failed) > MOST_FAILURES:
        rows.add_row(f"and {len(failed) - MOST_FAILURES} more", "", "")
    return rows


def _survived(verdict: Verdict, happened: Performance) -> Table:
    rows = table("survived", "", title="On the way", right=("",))
    speed = len(verdict.jobs) / happened.seconds
    taken_over = verdict.events[EventType.STALLED]
    rows.add_row("failed attempts that were tried again", f"{verdict.retries:,}")
    rows.add_row(
        "workers killed with SIGKILL, and replaced", f"{int(happened.killed_pid is not None)}"
    )
    rows.add_row("jobs taken over from the killed worker", f"{taken_over}")
    rows.add_row("outcomes refused because the lease was lost", f"{_lost(verdict)}")
    rows.add_row("seconds, with the start of the workers", f"{happened.seconds:.1f}")
    rows.add_row("jobs per second", f"{speed:,.0f}")
    return rows


def _lost(verdict: Verdict) -> int:
    return verdict.events[EventType.LEASE_LOST]


def _state(verdict: Verdict) -> None:
    files = plural(len(verdict.jobs), "file")
    if not verdict.doubts:
        ends = f"{len(verdict.completed):,} completed, {len(verdict.failed):,} failed"
        say(f"[bold green]Checked: each of {files} was settled exactly once[/] ({ends}).")
        say("[dim]Rows, event log and doctor agree.[/]")
        return
    say(f"[bold red]Not every one of {files} was settled exactly once:[/]")
    for doubt in verdict.doubts[:MOST_DOUBTS]:
        say(f"  {escape(doubt)}")


def _worth_a_look(verdict: Verdict) -> str:
    jobs = [*verdict.failed, *verdict.jobs]
    crashed = [job for job in verdict.jobs if job.crashes]
    return escape(str((crashed or jobs)[0].ref))
