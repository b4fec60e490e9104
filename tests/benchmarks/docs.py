"""Keeps the tables in docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.processes import ROOT
from tests.benchmarks.report import TITLES, as_markdown, by_store
from tests.benchmarks.result import Result

PAGE: Final = ROOT / "docs" / "benchmarks.md"
BEGIN: Final = "<!-- table: written by `python -m tests.benchmarks --write-docs` -->"
END: Final = "<!-- end of table -->"


def write_table(results: Sequence[Result], facts: dict[str, Any], page: Path = PAGE) -> None:
    """Put the machine, and a table for each store, between the page's markers."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = [
        part
        for store, lines in by_store(results).items()
        for part in (f"### {TITLES[store]}", _settings(facts, store), as_markdown(lines))
    ]
    page.write_text(before + "\n\n".join((BEGIN, _versions(facts), *tables, END)) + after)


def _versions(facts: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items())
    return f"{facts['machine']}. Python {facts['python']}; {packages}."


def _settings(facts: dict[str, Any], store: str) -> str:
    told = (f"{name} {value}" for name, value in facts["databases"][store].items())
    return f"{', '.join(told)}."
