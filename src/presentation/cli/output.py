"""What a command prints: tables for people, JSON for programs, one sentence for trouble."""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from typing import Any, Final, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH_OF_A_PIPE: Final = 160
"""Columns where nobody watches: wide enough that ids are not cut."""


class Trouble(Exception):
    """A command cannot do what it was asked; its text is all that the user sees."""

    def __init__(self, sentence: str, exit_code: int = 1) -> None:
        self.exit_code = exit_code
        super().__init__(sentence)


@cache
def console() -> Console:
    """Standard output."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        return Console(highlight=False)
    return Console(highlight=False, width=WIDTH_OF_A_PIPE)


def say(text: str | Text) -> None:
    """Print a line for people; markup as in rich."""
    console().print(text, soft_wrap=True)


def complain(sentence: str, exit_code: int) -> int:
    """Print a sentence to standard error, and give the exit code back."""
    line = " ".join(sentence.split())
    is_plain = not sys.stderr.isatty() or "NO_COLOR" in os.environ
    prefix = "errands: " if is_plain else "\033[31merrands:\033[0m "
    sys.stderr.write(f"{prefix}{line}\n")
    return exit_code


def print_json(value: Any) -> None:
    """Print a value as JSON, one object or list."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def table(*columns: str, title: str | None = None, right: tuple[str, ...] = ()) -> Table:
    """An empty table; the columns named in `right` hold numbers. The first is never wrapped."""
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        header_style="dim",
        pad_edge=False,
    )
    for place, column in enumerate(columns):
        justify: Literal["left", "right"] = "right" if column in right else "left"
        made.add_column(column, justify=justify, overflow="fold", no_wrap=not place)
    return made


def show_table(rows: Table) -> None:
    """Print a table, one with a title apart from what stands before it."""
    if rows.title:
        console().print()
    console().print(rows)


def plural(count: int, noun: str) -> str:
    """`1 job`, `2,000 jobs`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
