"""What is wrong with a row before it is even a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from .....core.domain.job.flaw import Flaw
from .....core.domain.job.identity import JobRef
from .....core.domain.job.unreadable import UnreadableJob
from .....core.ports.inspection import FoundJob
from ..jobs.columns import COLUMNS, LOADED
from ..jobs.damaged_rows import READERS, read_job, unread
from ..statement import Row

_decode: Final = msgspec.json.Decoder().decode
_READERS: Final[Mapping[str, Callable[[Any], object]]] = {
    **READERS,
    **{column.name: _decode for column in COLUMNS if column.is_payload},
}
_LEASE: Final = ("worker", "lease_expires_at")


def found_job(row: Row) -> FoundJob:
    """The job of a row of `LOADED` columns, with what is wrong with the row."""
    values: dict[str, Any] = dict(zip(LOADED, row, strict=True))
    flaws = (*_unreadable(values), *_half_a_lease(values))
    ref = JobRef(str(values["queue"]), str(values["id"]))
    job = read_job(row)
    return FoundJob(int(values["key"]), ref, None if isinstance(job, UnreadableJob) else job, flaws)


def _unreadable(values: Mapping[str, Any]) -> Iterator[Flaw]:
    for column, read in _READERS.items():
        sentence = unread(column, read, values[column])
        if sentence:
            yield Flaw(f"unreadable_{column}", sentence)


def _half_a_lease(values: Mapping[str, Any]) -> Iterator[Flaw]:
    """A token alone is no flaw: it stays after the settlement."""
    there = [name for name in _LEASE if values[name] is not None]
    if len(there) == 1:
        yield Flaw("half_a_lease", f"has a {there[0]} without the rest of a lease")
    elif there and values["token"] is None:
        yield Flaw("half_a_lease", "has a worker and an end of its lease, but no token")
