"""A job held against what the event log tells of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ..events import Event, EventType
from .flaw import Flaw
from .record import JobRecord
from .status import CLAIMABLE, TERMINAL, UNSTARTED, JobStatus

LEADS_TO: Final = {
    EventType.ADDED: frozenset({JobStatus.WAITING, JobStatus.DELAYED}),
    EventType.WAITING: frozenset({JobStatus.WAITING}),
    EventType.DELAYED: frozenset({JobStatus.DELAYED}),
    EventType.AWAITING_CHILDREN: frozenset({JobStatus.WAITING_CHILDREN}),
    EventType.ACTIVE: frozenset({JobStatus.ACTIVE}),
    EventType.COMPLETED: frozenset({JobStatus.COMPLETED}),
    EventType.EXHAUSTED: frozenset({JobStatus.FAILED}),
    EventType.CANCELLED: frozenset({JobStatus.CANCELLED}),
    EventType.RETRIED: frozenset({JobStatus.WAITING}),
}
"""Where an event leaves its job. The other types tell of no change of status."""


def contradictions(job: JobRecord, told: Sequence[Event]) -> Iterator[Flaw]:
    """Where the events of a job, in their order, contradict each other or its status.

    The log may have lost its beginning, and may tell of earlier jobs under the same id;
    what is told before the newest `added` is of no interest.
    """
    life = _newest_life(told)
    yield from _impossible_steps(life)
    for event in reversed(life):
        left_in = LEADS_TO.get(event.type)
        if left_in is not None:
            if job.status not in left_in:
                told_last = f"the event log last told that it was {event.type}"
                yield Flaw("status_untold", f"is {job.status}, but {told_last}")
            return


def _newest_life(told: Sequence[Event]) -> Sequence[Event]:
    for place in range(len(told) - 1, -1, -1):
        if told[place].type is EventType.ADDED:
            return told[place:]
    return told


def _impossible_steps(life: Sequence[Event]) -> Iterator[Flaw]:
    """A claim of what is not there to be claimed, an end after the end, news from the grave."""
    known: frozenset[JobStatus] | None = None
    for event in life:
        left_in = LEADS_TO.get(event.type)
        if left_in is None:
            continue
        if known is not None:
            yield from _impossible_step(known, event)
        known = left_in


def _impossible_step(known: frozenset[JobStatus], event: Event) -> Iterator[Flaw]:
    has_ended = known <= TERMINAL
    where = f"event {event.id} ({event.type})"
    if event.type is EventType.RETRIED:
        if not has_ended:
            yield Flaw("retried_alive", f"{where} retries it before it had ended")
    elif LEADS_TO[event.type] <= TERMINAL and has_ended:
        yield Flaw("settled_twice", f"was settled twice: {where} comes after its end")
    elif has_ended:
        yield Flaw("ran_after_end", f"{where} comes after its end, without a retry")
    elif event.type is EventType.ACTIVE and CLAIMABLE not in known:
        yield Flaw("claimed_twice", f"{where} claims it while it could not be claimed")
    elif event.type is EventType.COMPLETED and known <= UNSTARTED:
        yield Flaw("completed_unclaimed", f"{where} completes it while no run was under way")
