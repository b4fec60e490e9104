"""Add jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from ...domain.events import Event, EventType
from ...domain.job.identity import JobRef
from ...domain.job.job import Job
from ...domain.job.options import JobOptions
from ...domain.skipped import never_written
from ...ports.unit_of_work import UnitOfWork
from .changes import moment

ROUNDS: Final = 5
"""How often an add looks for the job that holds a taken id."""
CHUNK: Final = 100
"""Members that are decided on and written together; a call is one transaction all the same."""


@attrs.frozen
class NewJob:
    """One job to add; `has_own_id` says that the caller chose the id."""

    ref: JobRef
    name: str
    data: str
    options: JobOptions
    has_own_id: bool


@attrs.frozen
class Added:
    """The job that now exists under the id; `is_new` is False for one that existed before."""

    job: Job
    is_new: bool


Births = dict[Job, tuple[Event, ...]]
"""What is told of new jobs."""


def add_jobs(
    uow: UnitOfWork,
    wanted: Sequence[NewJob],
    unregistered: frozenset[str],
    *,
    asks: bool = False,
) -> list[Added]:
    """Add jobs in order; an id that is taken adds nothing and gives the existing job.

    New jobs are given as they were written but for their numbers.
    `unregistered` names the queues that may not be known yet. `asks` for what became of each
    job, also of those whose ids were drawn, where `RowsSkipped` was raised without it.
    """
    if unregistered:
        uow.queues.register(unregistered)
    existing = _existing(uow, wanted)
    added: list[Added] = []
    are_free = not asks and not any(new.has_own_id for new in wanted)
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        added += _add_chunk(uow, part, existing, are_free=are_free)
    return added


def _add_chunk(
    uow: UnitOfWork, wanted: Sequence[NewJob], existing: dict[JobRef, Job], *, are_free: bool
) -> list[Added]:
    jobs: list[Job] = []
    births: Births = {}
    now = moment(uow)
    for new in wanted:
        job = existing.get(new.ref) if new.has_own_id else None
        if job is None:
            job, told = Job.add(
                ref=new.ref, name=new.name, data=new.data, options=new.options, moment=now
            )
            births[job] = told
            if new.has_own_id:
                existing[new.ref] = job
        jobs.append(job)
    others = _insert(uow, births, are_free=are_free)
    if others:
        jobs = [others.get(job.ref, job) for job in jobs]
    return _added(uow, wanted, jobs, births)


def _existing(uow: UnitOfWork, wanted: Sequence[NewJob]) -> dict[JobRef, Job]:
    own = {new.ref for new in wanted if new.has_own_id}
    return {job.ref: job for job in uow.catalog.peek(own)} if own else {}


def _insert(uow: UnitOfWork, births: Births, *, are_free: bool) -> dict[JobRef, Job]:
    """Write the jobs and tell of their births; gives those that hold ids which were taken.

    An overlapping transaction took them. Such a job may be gone again before it is looked at:
    then the id is free, and tried anew. Raises `StoreRefused` where there is none each time.
    """
    others: dict[JobRef, Job] = {}
    fresh = list(births)
    for _ in range(ROUNDS):
        told = [event for job in fresh for event in births[job]]
        taken = uow.jobs.insert(fresh, told, are_free=are_free)
        if not taken:
            return others
        others |= {job.ref: job for job in _holders(uow, taken)}
        fresh = [job for job in fresh if job.ref in taken and job.ref not in others]
    raise never_written(fresh[0].ref)


def _holders(uow: UnitOfWork, taken: frozenset[JobRef]) -> list[Job]:
    """The jobs that hold these ids.

    One that was committed after the snapshot of a caller's transaction shows only in a read
    that locks.
    """
    seen = uow.catalog.peek(taken)
    unseen = taken - {job.ref for job in seen}
    return [*seen, *(uow.jobs.find(unseen) if unseen else ())]


def _added(
    uow: UnitOfWork, wanted: Sequence[NewJob], jobs: Sequence[Job], births: Births
) -> list[Added]:
    """What came of each member; a job that was there before, or twice in a call, is a duplicate.

    A drawn id that is taken was written by this very call, whose commit was not answered.
    """
    duplicates: list[Event] = []
    added: list[Added] = []
    for new, job in zip(wanted, jobs, strict=True):
        is_born = births.pop(job, None) is not None
        if not is_born and new.has_own_id:
            duplicates.append(Event(EventType.DUPLICATED, uow.now, job.queue, job.id))
        added.append(Added(job, is_born or not new.has_own_id))
    uow.events.append(duplicates)
    return added
