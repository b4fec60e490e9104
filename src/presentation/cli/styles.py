"""How statuses and ids look."""

from __future__ import annotations

from typing import Final

from rich.markup import escape
from rich.text import Text

from ...core.domain.job.status import JobStatus

STYLES: Final = {
    JobStatus.WAITING: "cyan",
    JobStatus.DELAYED: "blue",
    JobStatus.WAITING_CHILDREN: "blue",
    JobStatus.ACTIVE: "yellow",
    JobStatus.COMPLETED: "green",
    JobStatus.FAILED: "red",
    JobStatus.CANCELLED: "magenta",
}


def status_text(status: JobStatus) -> Text:
    """A status in its colour."""
    return Text(status.value, STYLES[status])


def short(text: str, most: int = 80) -> str:
    """The first line of a text, cut to so many characters, safe to print as markup."""
    line = text.splitlines()[0] if text else ""
    return escape(line if len(line) <= most else f"{line[: most - 3]}...")
