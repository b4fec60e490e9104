"""Rows of jobs with columns that no code here can read: what is left of them is a job all the same.

One such row must not take the others with it: whoever reads many rows gets an `UnreadableJob`
in its place, and the domain says what becomes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from .....core.domain.job.job import Job
from .....core.domain.job.unreadable import UnreadableJob
from ..statement import Row
from .columns import BY_NAME, CHANGING, COLUMNS, LOADED
from .rows import UNREADABLE, UnreadableRow, changing_values, job_from_row

READERS: Final[Mapping[str, Callable[[Any], object]]] = {
    column.name: column.read for column in COLUMNS if column.read is not None
}
"""What `job_from_row` reads in a way that can fail."""


def read_job(row: Row) -> Job:
    """The job of a row of `LOADED` columns; an `UnreadableJob` where some cannot be read."""
    try:
        return job_from_row(row)
    except UNREADABLE:
        return _unreadable_job(row)


def sound_job(row: Row) -> Job:
    """The job of a row of `LOADED` columns. Raises `UnreadableRow`."""
    job = read_job(row)
    if isinstance(job, UnreadableJob):
        raise UnreadableRow(f"the row of job {job.ref}: {job.why_unreadable()}")
    return job


def saved_row(job: Job) -> Row:
    """The values of `CHANGING`, key and version.

    What could not be read stays as it is, unless it was decided anew.
    """
    values = changing_values(job)
    if not isinstance(job, UnreadableJob):
        return (*values, job.key, job.version)
    stored = job.stored
    kept = (
        stored[name] if name in stored and value in (None, BY_NAME[name].stand_in) else value
        for name, value in zip(CHANGING, values, strict=True)
    )
    return (*kept, job.key, stored.get("version", job.version))


def unread(column: str, read: Callable[[Any], object], value: object) -> str:
    """What is wrong with a value, in one line; empty where it can be read, and for NULL."""
    if value is None:
        return ""
    try:
        read(value)
    except UNREADABLE as error:
        shown = repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:40]}..."
        return f"its {column} cannot be read: {shown} ({error})"
    return ""


def _unreadable_job(row: Row) -> UnreadableJob:
    values: dict[str, Any] = dict(zip(LOADED, row, strict=True))
    told = {column: unread(column, read, values[column]) for column, read in READERS.items()}
    reasons = {column: sentence for column, sentence in told.items() if sentence}
    readable = values | {column: BY_NAME[column].stand_in for column in reasons}
    job = job_from_row([readable[name] for name in LOADED])
    return UnreadableJob.of(job, {column: values[column] for column in reasons}, reasons)
