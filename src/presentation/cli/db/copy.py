"""`errands db copy`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
from rich.markup import escape
from rich.text import Text

from ....core.application.checksum import Compared
from ....core.application.database_copy import Beginning, Outcome
from ..opening import operator_of
from ..options import AsJson, Flag
from ..output import Trouble, plural, print_json, say, show_table, table
from .copy_progress import follow

IN_MEMORY: Final = ("memory:", "sqlite:///:memory:")
SHOWN_OF_A_CHECKSUM: Final = 12


def copy(
    source: str,
    target: str,
    /,
    *,
    replace: Flag = False,
    as_json: AsJson = False,
) -> int:
    """Copy a whole queue database into another one, of whatever kind, and compare both.

    Jobs with their logs, events, queues and counters: all of it, as it is. Stop the workers of
    the source first, and whatever adds jobs to it. A copy that was broken off goes on when it
    is called again; one that is finished is only compared. Exit code 1 where source and target
    differ in the end, or the source was written to meanwhile.

    For example:

    - `errands db copy sqlite:///./shop.db postgresql://shop@db.example.org/shop`

    Parameters
    ----------
    source
        The database to copy; nothing in it is changed.
    target
        The database to copy it into; made if need be, and otherwise empty.
    replace
        First remove all jobs, events and queues that the target holds.
    """
    there, here = operator_of(source), operator_of(target)
    if there.url == here.url:
        raise Trouble("the source and the target are the same database", 2)
    for operator in (there, here):
        if operator.url.startswith(IN_MEMORY):
            raise Trouble(f"{operator.url} is gone when this command ends", 2)
    with there.copying_to(here) as copying:
        outcome = follow(copying.run(replaces=replace), is_silent=as_json)
    if as_json:
        print_json({"source": there.url, "target": here.url, **_as_dict(outcome)})
    else:
        _print(outcome, there.url, here.url)
    return 0 if outcome.is_same else 1


def _as_dict(outcome: Outcome) -> dict[str, Any]:
    return {
        "beginning": outcome.beginning.value,
        "written": {"jobs": outcome.jobs, "events": outcome.events},
        "is_same": outcome.is_same,
        "compared": [{**attrs.asdict(kind), "is_same": kind.is_same} for kind in outcome.compared],
    }


def _print(outcome: Outcome, source: str, target: str) -> None:
    counts = ("source", "target")
    rows = table("", *counts, "checksum", "of the target", "", right=counts)
    for kind in outcome.compared:
        verdict = Text("same", "green") if kind.is_same else Text("differs", "red")
        rows.add_row(
            kind.kind,
            f"{kind.source_count:,}",
            f"{kind.target_count:,}",
            kind.source_checksum[:SHOWN_OF_A_CHECKSUM] or "-",
            kind.target_checksum[:SHOWN_OF_A_CHECKSUM] or "-",
            verdict,
        )
    show_table(rows)
    if not outcome.is_same:
        _print_differences(outcome.compared)
    elif outcome.beginning is Beginning.COMPLETE:
        say(f"[green]Nothing to do[/]: {escape(target)} is a finished copy already.")
    else:
        written = f"{plural(outcome.jobs, 'job')} and {plural(outcome.events, 'event')}"
        say(f"[green]Copied[/]: {written} from {escape(source)} to {escape(target)}.")


def _print_differences(compared: Sequence[Compared]) -> None:
    for kind in compared:
        if kind.first_difference is not None:
            say(f"[red]The {kind.kind} differ[/], first at {escape(kind.first_difference)}.")
    say(
        "Whatever still writes to one of them (a job that runs writes its log, its progress and "
        "its lease) must stop; then copy again."
    )
