"""`errands db doctor`."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.text import Text

from ....core.application.doctor import Finding
from ....core.domain.job.flaw import Severity
from ..opening import operator_of
from ..options import AsJson, Flag, Url
from ..output import plural, print_json, say, show_table, table

MOST_SHOWN = 200
"""Rows of the table; JSON has them all."""
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def doctor(
    *,
    quick: Flag = False,
    url: Url = None,
    as_json: AsJson = False,
) -> int:
    """Check every job against the rules, the event log and the counters; change nothing.

    Finds lost, stuck, doubled and impossible rows: an error is what no sequence of events
    leads to, a warning is what is overdue. Exit code 1 when one of these is found; a note is
    what is worth knowing, and no fault. Workers may go on meanwhile.

    For example:

    - `errands db doctor --json`

    Parameters
    ----------
    quick
        Spare a big file the check of its indexes against its tables.
    """
    operator = operator_of(url)
    jobs, findings = 0, list[Finding]()
    for checked in operator.examine(thorough=not quick):
        jobs += checked.jobs
        findings += checked.findings
    if as_json:
        print_json({"url": operator.url, "jobs": jobs, "findings": [_as_dict(f) for f in findings]})
    else:
        _print(operator.url, jobs, findings)
    return 1 if _wrong(findings) else 0


def _wrong(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is not Severity.NOTE]


def _as_dict(finding: Finding) -> dict[str, Any]:
    ref = finding.ref
    return {
        "severity": finding.severity.value,
        "rule": finding.rule,
        "queue": None if ref is None else ref.queue,
        "id": None if ref is None else ref.id,
        "sentence": finding.sentence,
    }


def _print(url: str, jobs: int, findings: list[Finding]) -> None:
    wrong = _wrong(findings)
    if not findings:
        say(f"[green]Sound[/]: {plural(jobs, 'job')} in {escape(url)}, nothing to report.")
        return
    rows = table("severity", "rule", "job", "what is wrong")
    for finding in findings[:MOST_SHOWN]:
        job = "-" if finding.ref is None else escape(str(finding.ref))
        severity = Text(finding.severity.value, _COLOURS[finding.severity])
        rows.add_row(severity, finding.rule, job, escape(finding.sentence))
    show_table(rows)
    if len(findings) > MOST_SHOWN:
        say(f"[dim]and {len(findings) - MOST_SHOWN:,} more: see --json[/]")
    if wrong:
        say(f"[red]{plural(len(wrong), 'finding')}[/] in {plural(jobs, 'job')} of {escape(url)}.")
    else:
        say(f"[green]Sound[/]: {plural(jobs, 'job')} in {escape(url)}.")
