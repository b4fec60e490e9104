"""Keeps the peers' table in docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.docs import PAGE
from tests.benchmarks.peers.figures import Figures
from tests.benchmarks.peers.table import as_markdown

BEGIN: Final = "<!-- peers: written by `python -m tests.benchmarks.peers --write-docs` -->"
END: Final = "<!-- end of peers -->"


def write_table(figures: Figures, facts: Mapping[str, Any], page: Path = PAGE) -> None:
    """Put the table, the machine and the notes between the page's markers."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    about = f"{facts['date']}, {facts['machine']}."
    page.write_text(before + "\n\n".join((BEGIN, about, as_markdown(figures, facts), END)) + after)
