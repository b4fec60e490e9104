"""Jobs for people: look up, list, search, count. Reads only, locks nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import attrs

from ..domain.job.identity import JobRef
from ..domain.job.job import Job
from ..domain.job.record import JobRecord
from ..domain.job.search import has_error, has_metadata
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

    def fits(self, job: JobRecord) -> bool:
        """Whether the job is one of those: what every store answers."""
        return (
            (self.queue is None or job.queue == self.queue)
            and (not self.statuses or job.status in self.statuses)
            and (self.name is None or job.name == self.name)
            and (self.tag is None or self.tag in job.labels.tags)
            and (not self.metadata or has_metadata(job, self.metadata))
            and (self.error is None or has_error(job, self.error))
        )


@attrs.frozen
class Page:
    """Part of a listing.

    Pages follow the order of adding, so that they stay stable while jobs move on; `next`
    is the cursor of the following page, None after the last.
    """

    jobs: tuple[Job, ...]
    next: int | None


@attrs.frozen
class RefPage:
    """Part of a listing by queue and id alone; `next` as in `Page`."""

    refs: tuple[JobRef, ...]
    next: int | None


@attrs.frozen
class Count:
    """How many jobs; at least that many where it is not exact."""

    value: int
    is_exact: bool = True


class JobCatalog(Protocol):
    """The read side of the jobs."""

    def peek(self, refs: Collection[JobRef]) -> list[Job]:
        """Those of the jobs that exist, as they are now."""
        ...

    def queues_of(self, job_id: str) -> list[str]:
        """The queues that have a job with this id, in order of name."""
        ...

    def page(self, query: JobQuery, *, after: int | None, limit: int) -> Page:
        """At most `limit` jobs behind the cursor `after`."""
        ...

    def refs(self, query: JobQuery, *, after: int | None, up_to: int, limit: int) -> RefPage:
        """As `page`, without the jobs themselves; only those whose key is at most `up_to`.

        For queries without tag, metadata and error, which are decided on whole jobs.
        """
        ...

    def has_jobs(self, queue: str) -> bool:
        """Whether there is any job in a queue."""
        ...

    def count(self, queue: str, status: JobStatus, bound: int) -> Count:
        """The number of jobs of a status, exact up to `bound`."""
        ...

    def count_each(self, queues: Sequence[str], bound: int) -> Mapping[str, dict[JobStatus, Count]]:
        """`count` of every status of each of these queues."""
        return {
            queue: {status: self.count(queue, status, bound) for status in JobStatus}
            for queue in queues
        }

    def claimable(self, queues: Sequence[str], most: int) -> list[str]:
        """The first of these queues, at most `most`, on which a claim would find something now."""
        ...
