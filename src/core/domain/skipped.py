"""Rows that a database leaves as they were, although it takes the write."""

from __future__ import annotations

from typing import Final

from .job.identity import JobRef
from .store_errors import StoreRefused

WHY: Final = "a trigger may have skipped the row"


class RowsSkipped(StoreRefused):
    """Fewer jobs were written than were added; none of those that were added with them is there.

    Which it were says an add that asks for each. Of a commit that was not answered and is sent
    again this may be said too: then they are there already.
    """


def skipped(ref: JobRef) -> StoreRefused:
    """The error of a write that was taken and has changed nothing of this job."""
    return StoreRefused("", f"job {ref} was written and is as before: {WHY}")


def rows_skipped(url: str = "") -> RowsSkipped:
    """The error of an add that was taken and has written less than it should have."""
    return RowsSkipped(url, f"fewer jobs were written than added: {WHY}")


def never_written(ref: JobRef) -> StoreRefused:
    """The error of an add that was taken, again and again, and has brought no job of this id."""
    return StoreRefused("", f"job {ref} was added and is not there: {WHY}")
