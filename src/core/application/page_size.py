"""How many jobs a batch has, where one may have a hundred bytes and another a megabyte."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..ports.archive import ArchivedJob

HEAVY: Final = 16 * 1024 * 1024
"""Characters that a batch should not be much heavier than."""
FIRST: Final = 100
FASTER: Final = 4


class PageSize:
    """Goes by the weight of the last batch, faster step by step; `limit` is for the next."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.limit = min(FIRST, most)

    def note(self, jobs: Sequence[ArchivedJob]) -> None:
        """Learn from a batch."""
        weight = max(1, sum(map(_weight, jobs)))
        fitting = len(jobs) * HEAVY // weight
        self.limit = max(1, min(self._most, self.limit * FASTER, fitting))


def _weight(archived: ArchivedJob) -> int:
    job = archived.job
    texts = (job.data, job.result, job.state, job.progress)
    failures = sum(len(failure.message) + len(failure.traceback) for failure in job.failures)
    lines = sum(len(line.text) for line in archived.lines)
    return sum(len(text) for text in texts if text is not None) + failures + lines
