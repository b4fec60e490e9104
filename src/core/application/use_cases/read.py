"""Read jobs and queues; nothing is changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs

from ...domain.errors import AmbiguousJobId, JobNotFound
from ...domain.events import Event
from ...domain.id_runs import IdRun
from ...domain.job.identity import JobRef
from ...domain.job.job import Job
from ...domain.job.status import JobStatus
from ...ports.event_log import EventFilter
from ...ports.job_catalog import Count, JobQuery, Page
from ...ports.job_logs import LogLine
from ...ports.unit_of_work import UnitOfWork

COUNT_BOUND = 10_000
"""Counts are exact up to here."""


def get_job(uow: UnitOfWork, ref: JobRef) -> Job:
    """The job. Raises `JobNotFound`."""
    found = uow.catalog.peek([ref])
    if not found:
        raise JobNotFound(ref.id, ref.queue)
    return found[0]


def find_jobs(uow: UnitOfWork, refs: Collection[JobRef]) -> dict[JobRef, Job]:
    """Those of the jobs that exist."""
    return {job.ref: job for job in uow.catalog.peek(refs)}


def resolve(uow: UnitOfWork, job_id: str) -> Job:
    """The one job with this id in any queue. Raises `JobNotFound`, `AmbiguousJobId`."""
    queues = uow.catalog.queues_of(job_id)
    if not queues:
        raise JobNotFound(job_id)
    if len(queues) > 1:
        raise AmbiguousJobId(job_id, queues)
    return get_job(uow, JobRef(queues[0], job_id))


def list_jobs(uow: UnitOfWork, query: JobQuery, after: int | None, limit: int) -> Page:
    """A page of jobs."""
    return uow.catalog.page(query, after=after, limit=limit)


def count_jobs(uow: UnitOfWork, queue: str) -> dict[JobStatus, Count]:
    """How many jobs of each status a queue has."""
    return uow.catalog.count_each([queue], COUNT_BOUND)[queue]


def read_logs(uow: UnitOfWork, ref: JobRef, limit: int) -> list[LogLine]:
    """The newest log lines of a job, oldest first."""
    return uow.logs.read(get_job(uow, ref).key, limit=limit)


def is_paused(uow: UnitOfWork, name: str) -> bool:
    """Whether a queue gives out no jobs."""
    return uow.queues.peek(name).is_paused


@attrs.frozen
class QueueSummary:
    """One queue as people list it."""

    name: str
    is_paused: bool
    counts: dict[JobStatus, Count]


def list_queues(uow: UnitOfWork) -> list[QueueSummary]:
    """All known queues with their counts."""
    queues = uow.queues.all()
    counts = uow.catalog.count_each([queue.name for queue in queues], COUNT_BOUND)
    return [QueueSummary(queue.name, queue.is_paused, counts[queue.name]) for queue in queues]


def last_event_id(uow: UnitOfWork) -> int:
    """The cursor behind all events so far."""
    return uow.events.last_id()


def read_events(uow: UnitOfWork, after: int, limit: int, wanted: EventFilter) -> Sequence[Event]:
    """A page of events behind a cursor."""
    return uow.events.read(after, limit, wanted)


def list_queue_names(uow: UnitOfWork) -> list[str]:
    """All known queues."""
    return [queue.name for queue in uow.queues.all()]


def claimable(uow: UnitOfWork, queues: Sequence[str], most: int) -> list[str]:
    """The first of these queues, at most `most`, on which a claim would find something now."""
    return uow.catalog.claimable(queues, most)


@attrs.frozen
class EventPage:
    """Events behind a cursor, and the cursor behind what was looked through.

    `passed` are the ids in between that were passed over; `late` are events, wanted or not, that
    were asked for because they had been passed over before.
    """

    events: Sequence[Event]
    end: int
    passed: Sequence[IdRun]
    late: Sequence[Event]


@attrs.frozen
class Begin:
    """Where a reader begins, and the ids passed over whose events may still come to light."""

    cursor: int
    passed: Sequence[IdRun]


def begin_reading(uow: UnitOfWork, after: int | None = None) -> Begin:
    """Begin behind a cursor, or behind all events so far."""
    last = uow.events.last_id()
    return Begin(last if after is None else after, uow.events.passed_over(0, last))


def read_page(
    uow: UnitOfWork, after: int, limit: int, wanted: EventFilter, missed: Sequence[IdRun] = ()
) -> EventPage:
    """A page of events behind a cursor, and those missed before that have come to light.

    A reader whose cursor the log has gone back behind goes on from now: its ids come again.
    """
    if uow.events.has_gone_back_behind(after):
        return EventPage((), uow.events.last_id(), (), ())
    page = uow.events.read(after, limit, wanted)
    is_full = len(page) == limit
    end = page[-1].id if is_full else max(after, uow.events.last_id())
    late = uow.events.come_to_light(missed, limit) if missed else ()
    return EventPage(page, end, uow.events.passed_over(after, end), late)
