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
    """Put the machine, and a table for each store, between the page's markers.

    The table of a store that was not measured stays as it is.
    """
    before, _, rest = page.read_text().partition(BEGIN)
    old, _, after = rest.partition(END)
    _, *sections = old.split("### ")
    tables = {title: text for title, _, text in (part.partition("\n") for part in sections)}
    for store, lines in by_store(results).items():
        tables[TITLES[store]] = f"\n{_settings(facts, store)}\n\n{as_markdown(lines)}\n\n"
    told = [f"### {title}\n{tables[title]}" for title in TITLES.values() if title in tables]
    head = f"{BEGIN}\n\n{_versions(facts)}\n\n"
    page.write_text(before + head + "".join(told) + END + after)


def _versions(facts: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items())
    return f"{facts['machine']}. Python {facts['python']}; {packages}."


def _settings(facts: dict[str, Any], store: str) -> str:
    told = (f"{name} {value}" for name, value in facts["databases"][store].items())
    return f"{', '.join(told)}."
