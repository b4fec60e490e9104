"""Jobs for people: look up, list, search, count. Reads only, locks nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import attrs

from ..domain.job.identity import JobRef
from ..domain.job.job import Job
from ..domain.job.status import JobStatus


@attrs.frozen
class JobQuery:
    """Which jobs to list; every given condition must hold.

    `statuses` empty means all. `tag` is one of the job's tags; `metadata` names values
    its metadata must have; `error` is part of the text of one of its failures.
    """

    queue: str | None = None
    statuses: frozenset[JobStatus] = frozenset()
    name: str | None = None
    tag: str | None = None
    metadata: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    error: str | None = None
    newest_first: bool = True


@attrs.frozen
class Page:
    """Part of a listing.

    Pages follow the order of adding, so that they stay stable while jobs move on; `next`
    is the cursor of the following page, None after the last.
    """

    jobs: tuple[Job, ...]
    next: int | None


@attrs.frozen
class Count:
    """How many jobs; at least that many where it is not exact."""

    value: int
    is_exact: bool = True


class JobCatalog(Protocol):
    """The read side of the jobs."""

    def look(self, refs: Collection[JobRef]) -> list[Job]:
        """Those of the jobs that exist, as they are now."""
        ...

    def queues_of(self, job_id: str) -> list[str]:
        """The queues that have a job with this id, in order of name."""
        ...

    def page(self, query: JobQuery, *, after: int | None, limit: int) -> Page:
        """At most `limit` jobs behind the cursor `after`."""
        ...

    def count(self, queue: str, status: JobStatus, bound: int) -> Count:
        """The number of jobs of a status, exact up to `bound`."""
        ...

    def claimable(self, queues: Sequence[str], most: int) -> list[str]:
        """The first of these queues, at most `most`, on which a claim would find something now."""
        ...
