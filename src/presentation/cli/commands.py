"""The commands, by the place of their functions: only what is called is imported."""

from __future__ import annotations

from typing import Final

import attrs
from cyclopts import App

_HERE: Final = __package__


@attrs.frozen
class Command:
    """One command: its words, where its function is, and that function's first sentence."""

    words: tuple[str, ...]
    place: str
    summary: str


GROUPS: Final = {
    "jobs": "Look at jobs and change them.",
    "queues": "Look at queues, pause and resume them.",
    "db": "Look after the database.",
}

COMMANDS: Final = (
    Command(
        ("worker",),
        "worker:worker",
        "Run the jobs of an application until SIGTERM or Ctrl-C.",
    ),
    Command(
        ("add",),
        "add:add",
        "Add a job; once this has printed its id, no crash loses it.",
    ),
    Command(
        ("demo",),
        "demo.command:demo",
        "Analyse Python's own standard library with two workers, one of them killed on the way.",
    ),
    Command(
        ("jobs", "list"),
        "jobs.list:list_jobs",
        "List jobs, newest first; every given condition must hold.",
    ),
    Command(
        ("jobs", "show"),
        "jobs.show:show",
        "Show a job: its data, result, times, failures, newest log lines and history.",
    ),
    Command(
        ("jobs", "retry"),
        "jobs.change:retry",
        "Run settled jobs again: completed, failed or cancelled ones.",
    ),
    Command(
        ("jobs", "cancel"),
        "jobs.change:cancel",
        "Cancel jobs: at once where they do not run, else their run is asked to end.",
    ),
    Command(
        ("jobs", "remove"),
        "jobs.change:remove",
        "Delete jobs with their logs, for good.",
    ),
    Command(
        ("queues", "list"),
        "queues:list_queues",
        "List every queue that was ever used; counts are exact up to 10,000.",
    ),
    Command(
        ("queues", "pause"),
        "queues:pause",
        "Let queues give out no more jobs, in any process, until resumed.",
    ),
    Command(
        ("queues", "resume"),
        "queues:resume",
        "Let queues give out jobs again.",
    ),
    Command(
        ("db", "migrate"),
        "db.migrate:migrate",
        "Create the database where there is none, and bring its schema up to date.",
    ),
    Command(
        ("db", "status"),
        "db.status:status",
        "Show the database: where it is, its schema, its size, how many jobs it holds.",
    ),
    Command(
        ("db", "copy"),
        "db.copy:copy",
        "Copy a whole queue database into another one, of whatever kind, and compare both.",
    ),
    Command(
        ("db", "doctor"),
        "db.doctor:doctor",
        "Check every job against the rules, the event log and the counters; change nothing.",
    ),
)


def build(*, lists: bool) -> App:
    """The command line. One that `lists` shows summaries and imports no command for them."""
    app = App(
        name="errands",
        help="Durable background jobs in your own database.\n\n"
        "The database is --url, else $JOB_QUEUE_DATABASE_URL, else sqlite:///./errands.db. "
        "Exit codes: 0 done, 1 failed or not found, 2 wrongly called.",
        version=_version,
        help_format="markdown",
    )
    groups = {name: App(name=name, help=about) for name, about in GROUPS.items()}
    for command in COMMANDS:
        *owners, name = command.words
        owner = groups[owners[0]] if owners else app
        about = command.summary if lists else None
        owner.command(f"{_HERE}.{command.place}", name=name, help=about)
    for group in groups.values():
        app.command(group)
    return app


def _version() -> str:
    from ... import __version__

    return f"errands {__version__}"
