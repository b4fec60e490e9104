"""What runs report while they are under way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import attrs

from ...domain.errors import LeaseLost
from ...domain.events import Event, EventType
from ...domain.job.identity import JobRef
from ...ports.lease_repository import Held, Renewal
from ...ports.run_journal import NewLine
from ...ports.unit_of_work import UnitOfWork


@attrs.frozen
class ProgressReport:
    """The newest progress of a run, as JSON text and as plain JSON values for the event."""

    ref: JobRef
    held: Held
    progress: str
    value: object


@attrs.frozen
class LogReport:
    """One log line of a run."""

    ref: JobRef
    line: NewLine


def record(
    uow: UnitOfWork, progress: Sequence[ProgressReport], lines: Sequence[LogReport]
) -> list[int | None]:
    """Write progress and log lines; for each line how many its job keeps, None if too late."""
    events: list[Event] = []
    if progress:
        written = uow.journal.write_progress([(item.held, item.progress) for item in progress])
        events += [
            Event(EventType.PROGRESS, uow.now, item.ref.queue, item.ref.id, {"value": item.value})
            for item, is_written in zip(progress, written, strict=True)
            if is_written
        ]
    kept = uow.journal.write_lines([item.line for item in lines]) if lines else []
    events += [
        Event(EventType.LOG, uow.now, item.ref.queue, item.ref.id, {"line": item.line.text})
        for item, count in zip(lines, kept, strict=True)
        if count is not None
    ]
    uow.events.append(events)
    return kept


def save_state(uow: UnitOfWork, ref: JobRef, held: Held, state: str) -> None:
    """Keep what a job carries from run to run. Raises `LeaseLost`."""
    if not uow.journal.write_state(held, state):
        raise LeaseLost(ref.id, ref.queue)


def renew(uow: UnitOfWork, held: Collection[Held], lease: timedelta) -> Renewal:
    """Prolong leases from now."""
    until: datetime = uow.now + lease
    return uow.leases.renew(held, until)


def tell_worker(uow: UnitOfWork, kind: EventType, worker: str, queues: Sequence[str]) -> None:
    """Note that a worker has started or stopped."""
    uow.events.append([Event(kind, uow.now, data={"worker": worker, "queues": list(queues)})])


def flagged(uow: UnitOfWork, worker: str) -> frozenset[Held]:
    """The active jobs of a worker that somebody asked to end."""
    return uow.leases.flagged(worker)
