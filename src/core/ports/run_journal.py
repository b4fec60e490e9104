"""What a run writes about itself while it is under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs

from .lease_repository import Held


@attrs.frozen
class NewLine:
    """A log line to add for a run, keeping the newest `keep` lines of its job."""

    held: Held
    text: str
    keep: int


class RunJournal(Protocol):
    """Progress, state and log lines of runs.

    Each is written only under the fencing token of a run that still has its lease, and bumps no
    job's version.
    """

    def write_progress(self, reports: Sequence[tuple[Held, str]]) -> list[bool]:
        """Write the newest progress (JSON text) of runs; False where the lease is lost."""
        ...

    def write_state(self, held: Held, state: str) -> bool:
        """Write what a job carries from run to run; False where the lease is lost."""
        ...

    def write_lines(self, lines: Sequence[NewLine]) -> list[int | None]:
        """Add log lines in order; how many are kept then, None where the lease is lost."""
        ...
