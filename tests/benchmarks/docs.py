"""Keeps the table in docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.processes import ROOT
from tests.benchmarks.report import as_markdown
from tests.benchmarks.result import Result

PAGE: Final = ROOT / "docs" / "benchmarks.md"
BEGIN: Final = "<!-- table: written by `python -m tests.benchmarks --write-docs` -->"
END: Final = "<!-- end of table -->"


def write_table(results: Sequence[Result], facts: dict[str, Any], page: Path = PAGE) -> None:
    """Put the table and its versions between the page's markers."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    parts = (BEGIN, _versions(facts), as_markdown(results), END)
    page.write_text(before + "\n\n".join(parts) + after)


def _versions(facts: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items())
    return (
        f"{facts['machine']}. Python {facts['python']}, SQLite {facts['sqlite']}"
        f" ({facts['driver']}), {facts['durability']}; {packages}."
    )
