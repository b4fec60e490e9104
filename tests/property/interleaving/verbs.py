"""What sides do, through the public API where there is one, and what each may remove."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final

import attrs

from errands.core.application.facade.sync_job_handle import SyncJobHandle
from errands.core.application.facade.sync_queue import SyncQueue
from errands.core.application.use_cases import maintain
from errands.core.application.use_cases.settle import Settlement, WorkerCycle, run_cycle
from errands.core.domain.errors import IllegalTransition, JobNotFound
from errands.core.domain.events import EventType
from errands.core.domain.job.failure import ErrorInfo
from errands.core.domain.job.lease import Claim
from errands.core.domain.job.outcome import Complete, Fail, Outcome
from errands.core.domain.job.status import TERMINAL, UNSTARTED, JobStatus
from errands.core.ports.id_generator import IdGenerator
from errands.core.ports.unit_of_work import UnitOfWork
from tests.property.interleaving.gated import Account, GatedStore

QUEUE: Final = "ash"
LEASE: Final = timedelta(seconds=30)
DONE: Final = Complete("null")
BROKEN: Final = Fail(ErrorInfo.of("ValueError", "broken", ""), is_permanent=True)
_ALL: Final = frozenset(JobStatus)
_NOT_RUNNING: Final = _ALL - {JobStatus.ACTIVE}


@attrs.frozen(eq=False)
class Actor:
    """One side: a process, or one thread of several in one."""

    store: GatedStore
    queue: SyncQueue
    ids: IdGenerator

    def claim(self, limit: int) -> WorkerCycle:
        """A turn that claims; its last claim was a long time ago."""
        claim = Claim(QUEUE, limit, self.ids.worker_id(), self.ids.token(), LEASE)
        return WorkerCycle(claims=(claim,), free=limit)


@attrs.frozen(eq=False)
class Verb:
    """Something a side does; `counts` says what the number that it returns is one of."""

    name: str
    act: Callable[[Actor], Any]
    removes: frozenset[JobStatus] = frozenset()
    counts: Callable[[Account], int] | None = None

    def __repr__(self) -> str:
        return self.name


@attrs.frozen(eq=False)
class Done:
    """What a verb came to; `answer` is None where it refused."""

    verb: Verb
    answer: Any
    account: Account
    refused: bool


def do(actor: Actor, verb: Verb) -> Done:
    """Do it. A refusal is an answer like any other."""
    account = actor.store.account
    told, removed = len(account.told), len(account.removed)
    answer, refused = None, False
    try:
        answer = verb.act(actor)
    except (IllegalTransition, JobNotFound):
        refused = True
    done = Account(account.told[told:], account.removed[removed:])
    return Done(verb, answer, done, refused)


def work_through(actor: Actor, outcomes: Sequence[Outcome]) -> None:
    """Claim, then settle in another unit and claim no more, as a worker that stops."""
    store = actor.store
    result = store.transact_sync(partial(run_cycle, cycle=actor.claim(len(outcomes))))
    if result.claimed:
        settlements = tuple(
            Settlement(job, job.token or "", outcome)
            for job, outcome in zip(result.claimed, outcomes, strict=False)
        )
        worked = {QUEUE: result.claimed[0].started_at or result.claimed[0].created_at}
        last = attrs.evolve(actor.claim(1), settlements=settlements, worked=worked)
        store.transact_sync(partial(run_cycle, cycle=last))


def each(change: Callable[[SyncJobHandle], Any], *states: str) -> Callable[[Actor], None]:
    """A verb on the jobs that were in these states at first, one after the other."""

    def act(actor: Actor) -> None:
        for job_id in states:
            with suppress(IllegalTransition, JobNotFound):
                change(actor.queue.get(job_id))

    return act


def unit(work: Callable[[UnitOfWork], Any]) -> Callable[[Actor], Any]:
    """A unit of the scheduler."""
    return lambda actor: actor.store.transact_sync(work)


def removed(account: Account) -> int:
    return len(account.removed)


def told(*kinds: EventType) -> Callable[[Account], int]:
    return lambda account: sum(event.type in kinds for event in account.told)


def _clean(status: JobStatus) -> Verb:
    clean = f"clean {status.value}"
    return Verb(clean, lambda by: by.queue.clean(status=status), frozenset({status}), removed)


BULK: Final = (
    *map(_clean, (JobStatus.FAILED, JobStatus.COMPLETED, JobStatus.WAITING)),
    Verb("drain", lambda by: by.queue.drain(), UNSTARTED, removed),
    Verb("obliterate", lambda by: by.queue.obliterate(), _NOT_RUNNING, removed),
    Verb("obliterate by force", lambda by: by.queue.obliterate(force=True), _ALL, removed),
    Verb("retry many", lambda by: by.queue.retry_many(), counts=told(EventType.RETRIED)),
    Verb("promote many", lambda by: by.queue.promote_many(), counts=told(EventType.WAITING)),
)
"""Verbs of several units, each of which reads before it locks."""
VERBS: Final = (
    *BULK,
    Verb("add", lambda by: by.queue.add("send")),
    Verb("add two", lambda by: by.queue.add_many([("send", 1), ("send", 2)])),
    Verb("add again", lambda by: by.queue.add("send", job_id="failed")),
    Verb("work", partial(work_through, outcomes=[DONE, BROKEN, DONE])),
    Verb("retry", each(lambda job: job.retry(), "completed", "failed", "cancelled")),
    Verb("cancel", each(lambda job: job.cancel(), "waiting", "active")),
    Verb("promote", each(lambda job: job.promote(), "delayed", "due")),
    Verb("remove", each(lambda job: job.remove(), "failed", "waiting"), _NOT_RUNNING),
    Verb("promote due", unit(maintain.promote_due), counts=told(EventType.WAITING)),
    Verb("expire", unit(maintain.expire_leases), counts=told(EventType.STALLED)),
    Verb("purge", unit(maintain.purge), TERMINAL, removed),
    Verb("trim", unit(partial(maintain.trim, queue=QUEUE)), TERMINAL, removed),
    Verb("pause", lambda by: by.queue.pause()),
    Verb("resume", lambda by: by.queue.resume()),
)
BY_NAME: Final = {verb.name: verb for verb in VERBS}
