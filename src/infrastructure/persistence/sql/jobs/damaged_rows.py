"""Rows of jobs with columns that no code here can read: what is left of them is a job all the same.

One such row must not take the others with it: whoever reads many rows gets an `UnreadableJob`
in its place, and the domain says what becomes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from .....core.domain.job import defaults
from .....core.domain.job.failure import storable
from .....core.domain.job.job import Job
from .....core.domain.job.status import JobStatus
from .....core.domain.job.unreadable import UnreadableJob
from ..statement import Row
from ..times import moment, whole_ms
from .documents import (
    failures_from_text,
    labels_from_text,
    policy_from_text,
)
from .rows import (
    CHANGING,
    LOADED,
    UNREADABLE,
    UnreadableRow,
    changing_values,
    job_from_row,
    lease_length,
)


def _number(value: object) -> int:
    """A number; SQLite keeps any value in any column."""
    if type(value) is int:
        return value
    raise TypeError("not an integer")


NUMBERS: Final = (
    "priority", "turn", "sequence", "attempts_made", "starts", "crashes", "put_offs", "releases",
    "version",
)  # fmt: skip
MOMENTS: Final = (
    "created_at", "lease_expires_at", "cancel_requested_at", "run_at", "lapses_at", "started_at",
    "finished_at", "purge_at",
)  # fmt: skip
READERS: Final[Mapping[str, Callable[[Any], object]]] = {
    "status": JobStatus,
    "policy": policy_from_text,
    "labels": labels_from_text,
    "failures": failures_from_text,
    "cancel_reason": storable,
    "lease_ms": lease_length,
    **dict.fromkeys(NUMBERS, _number),
    **dict.fromkeys(MOMENTS, moment),
}
"""What `job_from_row` reads in a way that can fail."""
_STAND_INS: Final[Mapping[str, object]] = {
    "status": JobStatus.ACTIVE.value,
    "cancel_reason": "",
    "created_at": 0,
    "lease_expires_at": 0,
    "lease_ms": whole_ms(defaults.LEASE),
    **dict.fromkeys(NUMBERS, 0),
}
"""What stands in for a column that cannot be read, where it is not NULL."""


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
        stored[name] if name in stored and value in (None, _STAND_INS.get(name)) else value
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
    readable = values | {column: _STAND_INS.get(column) for column in reasons}
    job = job_from_row([readable[name] for name in LOADED])
    return UnreadableJob.of(job, {column: values[column] for column in reasons}, reasons)
