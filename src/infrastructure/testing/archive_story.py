"""Jobs in every place that a job can be in, for copies of a store."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from ...core.application.use_cases import administer
from ...core.application.use_cases.add import NewJob, add_jobs
from ...core.application.use_cases.settle import Settlement, WorkerCycle, run_cycle, settle
from ...core.domain.job.failure import ErrorInfo
from ...core.domain.job.identity import JobRef
from ...core.domain.job.job import Job
from ...core.domain.job.lease import Claim
from ...core.domain.job.options import JobOptions
from ...core.domain.job.outcome import Complete, Fail
from ...core.ports.lease_repository import Held
from ...core.ports.run_journal import NewLine
from ...core.ports.store import Store
from ...core.ports.unit_of_work import UnitOfWork
from .clock import FakeClock

MAIN, SIDE = "contract", "contract: ä/ 🐘"
LEASE = timedelta(seconds=30)


def live(store: Store, clock: FakeClock) -> None:
    """Let jobs come to every place that a job can be in."""
    for name in ("done", "bad", "runs", "waits"):
        add_to(store, name, max_attempts=1)
    done, bad, runs = claim_from(store, MAIN, 3)
    held = Held(runs.key, "token")
    store.transact_sync(lambda uow: _report(uow, held))
    failure = Fail(ErrorInfo("ValueError", "ü", "line 1"))
    for settlement in (
        Settlement(done, "token", Complete('{"a":1}')),
        Settlement(bad, "token", failure),
    ):
        store.transact_sync(partial(settle, settlements=[settlement]))
    clock.advance(1)
    labels: dict[str, Any] = {"tags": ["b", "a"], "metadata": {"z": 1.5, "a": [None, True]}}
    add_to(store, "late", queue=SIDE, delay=60, deadline=clock.now + timedelta(days=2))
    add_to(store, "first", lifo=True, priority=7, **labels)
    store.transact_sync(partial(administer.pause, name=SIDE))


def _report(uow: UnitOfWork, held: Held) -> None:
    uow.journal.write_progress([(held, '{"part":0.5}')])
    uow.journal.write_state(held, '"state"')
    uow.journal.write_lines([NewLine(held, f"line {number}", 2) for number in range(3)])


def add_to(
    store: Store, job_id: str, *, queue: str = MAIN, data: str = "{}", **options: object
) -> None:
    """Add a job to a queue."""
    new = NewJob(JobRef(queue, job_id), "name", data, JobOptions.of(options), has_own_id=True)
    store.transact_sync(partial(add_jobs, wanted=[new], unregistered=frozenset({queue})))


def claim_from(store: Store, queue: str, limit: int) -> list[Job]:
    """Claim the first jobs of a queue."""
    claim = Claim(queue, limit, "worker", "token", LEASE)
    return store.transact_sync(
        partial(run_cycle, cycle=WorkerCycle(claims=(claim,), free=limit))
    ).claimed


class _Looked(Exception):
    """Raised by a unit that has to leave nothing behind."""


def claimable(store: Store) -> list[str]:
    """What a claim would give, in order."""
    found: list[str] = []

    def work(uow: UnitOfWork) -> None:
        claim = Claim(MAIN, 99, "worker", "another", LEASE)
        found[:] = [job.id for job in run_cycle(uow, WorkerCycle(claims=(claim,), free=99)).claimed]
        raise _Looked

    try:
        store.transact_sync(work)
    except _Looked:
        return found
    raise AssertionError("a unit that raises does not return")
