"""`errands db status`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import attrs
from rich.markup import escape
from rich.table import Table

from ....core.domain.job.status import JobStatus
from ....core.ports.database import DatabaseFacts
from ..opening import operator_of
from ..options import AsJson, Url
from ..output import console, plural, print_json

if TYPE_CHECKING:
    from ....infrastructure.di.operator import Operator

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")


def status(*, url: Url = None, as_json: AsJson = False) -> int:
    """Show the database: where it is, its schema, its size, how many jobs it holds.

    Creates nothing. Exit code 1 where this version could not work with it as it is.

    For example:

    - `errands db status --url sqlite:///./shop.db`
    """
    operator = operator_of(url)
    facts = operator.facts()
    counts = _counts(operator) if facts.is_current else {}
    if as_json:
        print_json({**attrs.asdict(facts), "is_current": facts.is_current, "counts": counts})
    else:
        console().print(_table(facts, counts))
    return 0 if facts.is_current else 1


def _counts(operator: Operator) -> dict[str, int]:
    totals: Counter[str] = Counter()
    with operator.open() as app:
        for queue in app.queues():
            for name, count in queue.counts.items():
                totals[name.value] += count.value
    return {name.value: totals[name.value] for name in JobStatus}


def _table(facts: DatabaseFacts, counts: dict[str, int]) -> Table:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(overflow="fold")
    for name, value in _lines(facts, counts).items():
        rows.add_row(name, escape(value))
    return rows


def _lines(facts: DatabaseFacts, counts: dict[str, int]) -> dict[str, Any]:
    lines = {"database": facts.url, "engine": facts.engine, "schema": _schema(facts)}
    if facts.size is not None:
        log = "" if facts.wal_size is None else f" (and {_size(facts.wal_size)} in its log)"
        lines["size"] = f"{_size(facts.size)}{log}"
    if counts:
        known = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        lines["jobs"] = f"{plural(sum(counts.values()), 'job')}{': ' if known else ''}{known}"
    return lines


def _schema(facts: DatabaseFacts) -> str:
    if not facts.exists:
        return "does not exist; `errands db migrate` makes it"
    if facts.is_current:
        return f"revision {facts.revision}, up to date"
    if facts.revision is None:
        return "none yet; `errands db migrate` makes it"
    return f"revision {facts.revision}, this version works with {facts.newest_revision}"


def _size(size: float) -> str:
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1024
    raise AssertionError("every size has a unit")
