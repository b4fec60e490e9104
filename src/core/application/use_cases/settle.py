"""Settle runs and claim jobs, in one commit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

import attrs

from ...domain.events import Event, EventType
from ...domain.job.identity import JobRef
from ...domain.job.job import Job
from ...domain.job.lease import Claim
from ...domain.job.outcome import Outcome, Release
from ...domain.job.status import JobStatus
from ...domain.job.suspects import divided
from ...domain.job.unreadable import UnreadableJob
from ...domain.skipped import skipped
from ...ports.lease_repository import Held
from ...ports.unit_of_work import UnitOfWork
from .changes import Change, moment, write
from .report import ProgressReport, record


@attrs.frozen(eq=False)
class Settlement:
    """How one run ended. `job` is the copy its worker holds; `token` says whose run it is."""

    job: Job
    token: str
    outcome: Outcome

    @property
    def held(self) -> Held:
        """The lease under which the run was made."""
        return Held(self.job.key, self.token)


@attrs.frozen
class WorkerCycle:
    """One cycle of a worker: last progress, runs to settle, claims to make in their order.

    `unanswered_claims` are claims of earlier cycles whose commit was never answered, one for each
    token: what they got is recovered before anything else is claimed.

    `free` bounds the claims together, `is_busy` says that other runs of the worker go on. `worked`
    holds the queues that the worker has claimed from since it last found them empty, with the
    time of its last claim: finding one empty now may mean that it is drained.
    """

    settlements: tuple[Settlement, ...] = ()
    reports: tuple[ProgressReport, ...] = ()
    claims: tuple[Claim, ...] = ()
    unanswered_claims: tuple[Claim, ...] = ()
    free: int = 0
    is_busy: bool = False
    worked: Mapping[str, datetime] = attrs.field(factory=dict[str, datetime])


@attrs.frozen(eq=False)
class CycleResult:
    """What came of a cycle: the jobs claimed, in order, and what could not be settled.

    `rejected` are settlements of runs whose lease another write has taken.

    `stale` are settlements to be tried again: another write changed their jobs meanwhile,
    and they hold the newer copies. `put_off` are jobs that were claimed and given back at once,
    for they cannot be read; `held_back` those that may not run beside others, or beside one that
    may not: they wait in their old places, and nothing was counted or told.
    """

    claimed: list[Job]
    rejected: list[Settlement]
    stale: list[Settlement]
    put_off: list[UnreadableJob]
    held_back: list[Job]


def run_cycle(uow: UnitOfWork, cycle: WorkerCycle) -> CycleResult:
    """Settle what has ended, then claim what fits.

    What was decided on a stale version is looked at and left for the next cycle: to lock it now,
    beside what is saved, would be out of the order of keys. So would be progress before the
    saves of others: then all are locked first.
    """
    if cycle.reports:
        if len(cycle.settlements) > 1:
            uow.jobs.find({settlement.job.ref for settlement in cycle.settlements})
        record(uow, cycle.reports, ())
    rejected, stale = _settle_once(uow, cycle.settlements, uow.catalog.peek)
    recovered = _recovered(uow, cycle.unanswered_claims)
    claimed = _claimed(uow, cycle, cycle.free - len(recovered))
    unreadable = [job for job in (*recovered, *claimed) if isinstance(job, UnreadableJob)]
    if unreadable:
        recovered, claimed = _readable(recovered), _readable(claimed)
        put_off(uow, unreadable)
    runs, held_back = divided([*recovered, *claimed], is_beside=cycle.is_busy or bool(stale))
    if held_back:
        hold_back(uow, held_back, told_of=recovered)
        claimed = [job for job in claimed if job not in held_back]
    if claimed:
        uow.events.append([job.claimed(uow.now) for job in claimed])
    return CycleResult(runs, rejected, stale, unreadable, held_back)


def _claimed(uow: UnitOfWork, cycle: WorkerCycle, room: int) -> list[Job]:
    """What the claims of a cycle get, as many jobs as there is room for.

    Queues that may be drained are locked in the order of their names: each worker begins its claims
    with another one.
    """
    claimed: list[Job] = []
    idle: list[str] = []
    for claim in cycle.claims:
        left = min(claim.limit, room - len(claimed))
        if left <= 0:
            break
        if left < claim.limit:
            claim = attrs.evolve(claim, limit=left)  # noqa: PLW2901
        found = uow.leases.claim(claim)
        if not found and claim.queue in cycle.worked:
            idle.append(claim.queue)
        claimed += found
    for queue in sorted(idle):
        note_drained(uow, queue, cycle.worked[queue])
    return claimed


def hold_back(uow: UnitOfWork, jobs: Sequence[Job], told_of: Collection[Job]) -> None:
    """Give back jobs that were claimed and may not run now.

    Nothing is told of them but for what ends by it, and where their claim was told before.
    """
    now = moment(uow)
    released = [(job, job.release(now, by_handler=False)) for job in jobs]
    write(
        uow,
        [
            (job, events if job in told_of or job.status.is_terminal else ())
            for job, events in released
        ],
    )


def put_off(uow: UnitOfWork, unreadable: Sequence[UnreadableJob]) -> None:
    """Give back jobs that were claimed and cannot be read; a newer version may know how."""
    now = moment(uow)
    write(uow, [(job, job.put_off(now)) for job in unreadable])


def _readable(jobs: Sequence[Job]) -> list[Job]:
    return [job for job in jobs if not isinstance(job, UnreadableJob)]


def _recovered(uow: UnitOfWork, unanswered_claims: Sequence[Claim]) -> list[Job]:
    """The jobs that a worker's claims got whose commit was never answered."""
    if not unanswered_claims:
        return []
    return uow.leases.claimed_under(
        unanswered_claims[0].worker, {claim.token for claim in unanswered_claims}
    )


def settle(uow: UnitOfWork, settlements: Sequence[Settlement]) -> list[Settlement]:
    """Settle runs under their tokens; returns those whose lease another write has taken.

    Each is decided on the copy that its worker holds; where the store has a newer version,
    the job is loaded, locked, and decided on again. Settling twice under one token is a success.
    Raises `StoreRefused` where the store takes the write and keeps the version as it was.
    """
    rejected, stale = _settle_once(uow, settlements, uow.jobs.find)
    while stale:
        lost, stale = _settle_once(uow, stale, uow.jobs.find)
        rejected += lost
    return rejected


def give_back(
    uow: UnitOfWork, settlements: Sequence[Settlement], unanswered_claims: Sequence[Claim]
) -> list[Settlement]:
    """Settle what a worker holds, and release what its unanswered claims got.

    Returns the settlements that came too late.
    """
    rejected = settle(uow, settlements)
    recovered = _recovered(uow, unanswered_claims)
    put_off(uow, [job for job in recovered if isinstance(job, UnreadableJob)])
    release = Release(by_handler=False)
    settle(uow, [Settlement(job, job.token or "", release) for job in _readable(recovered)])
    return rejected


def complete(uow: UnitOfWork, completion: Settlement) -> bool:
    """Settle a run as completed; False where another write, or another end of it, was first."""
    if settle(uow, [completion]):
        return False
    return any(job.status is JobStatus.COMPLETED for job in uow.jobs.find([completion.job.ref]))


Load = Callable[[Collection[JobRef]], list[Job]]
Tried = tuple[list[Settlement], list[Settlement]]
"""Settlements that came too late, and those to be decided anew, on newer copies."""


def _settle_once(uow: UnitOfWork, settlements: Sequence[Settlement], load: Load) -> Tried:
    """Decide and save; look by `load` at what was decided on a stale version."""
    now = moment(uow, len(settlements))
    settled: dict[Job, Settlement] = {}
    changes: list[Change] = []
    for settlement in settlements:
        job = settlement.job.copy()
        settled[job] = settlement
        changes.append((job, job.settle(settlement.outcome, now)))
    missed = [settled[job] for job in write(uow, changes)]
    if not missed:
        return [], []
    rejected, stale = _looked_at(missed, load({settlement.job.ref for settlement in missed}))
    uow.events.append([_lease_lost(settlement.job, uow) for settlement in rejected])
    return rejected, stale


def _looked_at(missed: Sequence[Settlement], jobs: Sequence[Job]) -> Tried:
    there = {job.ref: job for job in jobs}
    rejected: list[Settlement] = []
    stale: list[Settlement] = []
    for settlement in missed:
        job = there.get(settlement.job.ref)
        if job is not None and job.holds(settlement.token):
            if job.version == settlement.job.version:
                raise skipped(job.ref)
            stale.append(attrs.evolve(settlement, job=job))
        elif job is None or not job.was_settled_by(settlement.token):
            rejected.append(settlement)
    return rejected, stale


def note_drained(uow: UnitOfWork, name: str, last_claim: datetime) -> None:
    """Tell once that nothing waits in a queue any more; not of one that was obliterated."""
    queue = uow.queues.get(name)
    if not queue.is_known and not uow.catalog.has_jobs(name):
        return
    events = queue.note_empty(last_claim, uow.now)
    if events and not uow.catalog.claimable([name], 1):
        uow.queues.save(queue)
        uow.events.append(events)


def _lease_lost(job: Job, uow: UnitOfWork) -> Event:
    return Event(EventType.LEASE_LOST, uow.now, job.queue, job.id)
