"""Copy a store into another one: units on the source that read, units on the target that write.

The target remembers in the transaction of each batch how far it has come: a batch is there
once, whoever is killed when, and two copies into one target cannot both go on.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ...domain.events import Event
from ...domain.queue.queue import Queue
from ...domain.store_errors import CopyRefused
from ...ports.archive import ArchivedJob, Contents, CopyStage, CopyState, Counters
from ...ports.unit_of_work import UnitOfWork


@attrs.frozen
class Survey:
    """What a store is, how much it holds, and whether somebody was copying into it."""

    id: str
    counters: Counters
    contents: Contents
    state: CopyState | None

    @property
    def is_half_a_copy(self) -> bool:
        """Whether it was never found to be the same as what was copied into it."""
        return self.state is not None and self.state.stage is not CopyStage.FINISHED


def survey(uow: UnitOfWork) -> Survey:
    """Look at a store as a source or a target."""
    archive = uow.archive
    return Survey(archive.store_id(), archive.counters(), archive.contents(), archive.copy_state())


def read_jobs(uow: UnitOfWork, after: int, limit: int) -> tuple[list[ArchivedJob], Counters]:
    """A page of jobs, and how far the source had counted by then."""
    return uow.archive.jobs(after, limit), uow.archive.counters()


def read_events(uow: UnitOfWork, after: int, limit: int) -> tuple[list[Event], Counters]:
    """A page of events, and how far the source had counted by then."""
    return uow.archive.events(after, limit), uow.archive.counters()


def read_queues(uow: UnitOfWork) -> list[Queue]:
    """All queues, in the same order whatever the database sorts by."""
    return sorted(uow.queues.all(), key=lambda queue: queue.name)


def read_contents(uow: UnitOfWork) -> Contents:
    """How much a store holds."""
    return uow.archive.contents()


def read_counters(uow: UnitOfWork) -> Counters:
    """How far a store has counted."""
    return uow.archive.counters()


@attrs.frozen
class Advance:
    """A step of a copy, from one state of the target to the next; `url` is the target's."""

    before: CopyState | None
    after: CopyState
    url: str


def begin(uow: UnitOfWork, queues: Sequence[Queue], advance: Advance, *, clears: bool) -> None:
    """Make the target ready: nothing in it but the queues, its counters where the source's are.

    Raises `CopyRefused` where it holds something and may not be cleared.
    """
    if not go_on(uow, advance):
        return
    if clears:
        uow.archive.clear()
    elif not uow.archive.contents().is_nothing:
        raise CopyRefused(advance.url, "somebody else writes to it")
    uow.archive.raise_counters(advance.after.counters)
    for queue in queues:
        uow.queues.save(queue)


def take_jobs(uow: UnitOfWork, jobs: Sequence[ArchivedJob], advance: Advance) -> None:
    """Write a batch of jobs into the target, once."""
    if go_on(uow, advance):
        uow.archive.insert_jobs(jobs)


def take_events(uow: UnitOfWork, events: Sequence[Event], advance: Advance) -> None:
    """Write a batch of events into the target, once."""
    if go_on(uow, advance):
        uow.archive.insert_events(events)


def go_on(uow: UnitOfWork, advance: Advance) -> bool:
    """Whether this step is to be taken now; that it is taken is noted.

    Not where it was, and the answer to its commit got lost. Raises `CopyRefused` where
    somebody else has taken another one.
    """
    if uow.archive.save_copy_state(advance.before, advance.after):
        return True
    if uow.archive.copy_state() == advance.after:
        return False
    raise CopyRefused(advance.url, "another copy is being made into it")
