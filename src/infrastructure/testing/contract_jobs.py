"""Jobs as the contracts of stores make them, and look at them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from ...core.application.use_cases import read
from ...core.application.use_cases.add import NewJob, add_jobs
from ...core.application.use_cases.settle import WorkerCycle, run_cycle
from ...core.domain.events import Event
from ...core.domain.job.identity import JobRef
from ...core.domain.job.job import Job
from ...core.domain.job.lease import Claim
from ...core.domain.job.moment import Moment
from ...core.domain.job.options import JobOptions
from ...core.ports.event_log import EventFilter
from ...core.ports.job_catalog import JobQuery
from ...core.ports.lease_repository import Held
from ...core.ports.run_journal import NewLine
from ...core.ports.store import Store
from ...core.ports.unit_of_work import UnitOfWork
from .clock import FakeClock

QUEUE = "contract"
LEASE = timedelta(seconds=30)


def new_job(job_id: str, **options: object) -> NewJob:
    """A job to add, with an id of its own."""
    return NewJob(JobRef(QUEUE, job_id), "name", "{}", JobOptions.of(options), has_own_id=True)


def unwritten_job(job_id: str) -> Job:
    """A job that no store has yet."""
    job, _ = Job.add(
        ref=JobRef(QUEUE, job_id),
        name="name",
        data="{}",
        options=JobOptions(),
        moment=Moment(FakeClock().now),
    )
    return job


def add(store: Store, job_id: str, **options: object) -> Job:
    """Add a job."""
    work = partial(add_jobs, wanted=[new_job(job_id, **options)], unregistered=frozenset({QUEUE}))
    return store.transact_sync(work)[0].job


def claim_of(limit: int, token: str) -> Claim:
    """A claim under a token."""
    return Claim(QUEUE, limit, "worker", token, LEASE)


def claim(store: Store, limit: int, run: str = "token") -> list[Job]:
    """Claim the first jobs, in a cycle of a worker."""
    turn = WorkerCycle(claims=(claim_of(limit, run),), free=limit)
    return store.transact_sync(partial(run_cycle, cycle=turn)).claimed


def read_jobs(uow: UnitOfWork) -> list[Job]:
    """All jobs, in the order of adding."""
    query = JobQuery(newest_first=False)
    return list(uow.catalog.page(query, after=None, limit=10_000).jobs)


def all_jobs(store: Store) -> list[Job]:
    """All jobs of a store, in the order of adding."""
    return store.read_sync(read_jobs)


def image(store: Store) -> object:
    """Everything that a unit could have changed, to compare."""
    jobs = [
        (job.id, job.status, job.version, job.priority, job.progress, job.state, job.token)
        for job in all_jobs(store)
    ]
    return jobs, all_events(store), store.read_sync(read.list_queues)


def all_events(store: Store) -> list[Event]:
    """The whole log."""
    return list(store.read_sync(lambda uow: uow.events.read(0, 10_000, EventFilter())))


def ids(jobs: Sequence[Job]) -> list[str]:
    """The ids of jobs."""
    return [job.id for job in jobs]


def write_all(uow: UnitOfWork, held: Sequence[Held]) -> list[object]:
    """Write all that runs may write about themselves; what each write answered."""
    written: list[object] = list(uow.journal.write_progress([(hold, "1") for hold in held]))
    written += [uow.journal.write_state(hold, "2") for hold in held]
    written += uow.journal.write_lines([NewLine(hold, "line", 10) for hold in held])
    return written
