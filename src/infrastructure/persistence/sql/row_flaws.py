"""What is wrong with a row before it is even a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from ....core.domain.job.flaw import Flaw
from ....core.domain.job.identity import JobRef
from ....core.domain.job.job import Job
from ....core.domain.job.status import JobStatus
from ....core.ports.inspection import FoundJob
from .mapping import (
    LOADED,
    UNREADABLE,
    Row,
    failures_from_text,
    job_from_row,
    labels_from_text,
    policy_from_text,
)

_decode: Final = msgspec.json.Decoder().decode
_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "status": JobStatus,
    "policy": policy_from_text,
    "labels": labels_from_text,
    "failures": failures_from_text,
    "data": _decode,
    "state": _decode,
    "progress": _decode,
    "result": _decode,
}
_LEASE: Final = ("worker", "lease_expires_at")


def found_job(row: Row) -> FoundJob:
    """The job of a row of `LOADED` columns, with what is wrong with the row."""
    values: dict[str, Any] = dict(zip(LOADED, row, strict=True))
    flaws = (*_unreadable(values), *_half_a_lease(values))
    ref = JobRef(str(values["queue"]), str(values["id"]))
    job = _job(row)
    if job is None and not flaws:
        flaws = (Flaw("unreadable_row", "some column holds a value of the wrong type"),)
    return FoundJob(int(values["key"]), ref, job, flaws)


def _job(row: Row) -> Job | None:
    try:
        return job_from_row(row)
    except UNREADABLE:
        return None


def _unreadable(values: Mapping[str, Any]) -> Iterator[Flaw]:
    for column, read in _READERS.items():
        value = values[column]
        if value is None:
            continue
        try:
            read(value)
        except UNREADABLE as error:
            shown = repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:40]}..."
            sentence = f"its {column} cannot be read: {shown} ({error})"
            yield Flaw(f"unreadable_{column}", sentence)


def _half_a_lease(values: Mapping[str, Any]) -> Iterator[Flaw]:
    """A token alone is no flaw: it stays after the settlement."""
    there = [name for name in _LEASE if values[name] is not None]
    if len(there) == 1:
        yield Flaw("half_a_lease", f"has a {there[0]} without the rest of a lease")
    elif there and values["token"] is None:
        yield Flaw("half_a_lease", "has a worker and an end of its lease, but no token")
