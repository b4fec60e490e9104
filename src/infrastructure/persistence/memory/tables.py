"""What the memory store keeps, with an undo journal."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

import attrs

from ....core.domain.events import Event
from ....core.domain.job.identity import JobRef
from ....core.domain.job.job import Job
from ....core.domain.job.record import ClaimPosition
from ....core.domain.job.status import CLAIMABLE
from ....core.domain.queue.queue import Queue
from ....core.ports.archive import CopyState
from ....core.ports.job_logs import LogLine
from ....core.ports.lease_repository import Held

Claimable = tuple[ClaimPosition, int]
"""A waiting job's place in the claim order, and its key."""


@attrs.frozen(eq=False)
class Log:
    """The kept lines of one job."""

    lines: tuple[LogLine, ...] = ()


@attrs.define(eq=False)
class MemoryTables:
    """Rows by key, with the indexes that a claim and a look-up need.

    Jobs are stored as copies and handed out as copies. Every change leaves its undoing
    in `journal`, so that a unit that fails leaves nothing behind.
    """

    jobs: dict[int, Job] = attrs.field(factory=dict)
    keys: dict[JobRef, int] = attrs.field(factory=dict)
    claimable: defaultdict[str, list[Claimable]] = attrs.field(factory=lambda: defaultdict(list))
    logs: dict[int, Log] = attrs.field(factory=dict)
    queues: dict[str, Queue] = attrs.field(factory=dict)
    events: list[Event] = attrs.field(factory=list)
    last_event_id: int = 0
    last_sequence: int = 0
    store_id: str = attrs.field(factory=lambda: uuid4().hex)
    copy_state: CopyState | None = None
    journal: list[Callable[[], None]] = attrs.field(factory=list)

    def put(self, job: Job) -> None:
        """Store a job under its key, in place of what was there."""
        before = self.jobs.get(job.key)
        self._write(job.key, job)
        self.journal.append(lambda: self._write(job.key, before))

    def change_held(self, held: Held, change: Callable[[Job], None]) -> bool:
        """Change the stored job of a run that has its lease; whether it has."""
        stored = self.jobs.get(held.key)
        if stored is None or not stored.holds(held.token):
            return False
        job = stored.copy()
        change(job)
        self.put(job)
        return True

    def delete(self, key: int) -> None:
        """Remove a job and its log; one that is gone does not matter."""
        before = self.jobs.get(key)
        if before is None:
            return
        self.put_log(key, None)
        self._write(key, None)
        self.journal.append(lambda: self._write(key, before))

    def put_log(self, key: int, log: Log | None) -> None:
        """Store a job's log, or remove it."""
        before = self.logs.get(key)
        self._write_log(key, log)
        self.journal.append(lambda: self._write_log(key, before))

    def put_queue(self, name: str, queue: Queue | None) -> None:
        """Store a queue's settings, or remove them."""
        before = self.queues.get(name)
        self._write_queue(name, queue)
        self.journal.append(lambda: self._write_queue(name, before))

    def append_event(self, event: Event) -> None:
        """Store an event under the next id."""
        self.last_event_id += 1
        self.events.append(attrs.evolve(event, id=self.last_event_id))
        self.journal.append(self._drop_event)

    def cut_events(self, count: int) -> None:
        """Remove the `count` oldest events."""
        gone = self.events[:count]
        del self.events[:count]
        self.journal.append(lambda: self.events.__setitem__(slice(0, 0), gone))

    def draw_sequences(self, count: int) -> Sequence[int]:
        """Count on by `count`; the sequences drawn."""
        before = self.last_sequence
        self.last_sequence += count
        self.journal.append(lambda: setattr(self, "last_sequence", before))
        return range(before + 1, self.last_sequence + 1)

    def put_events(self, events: Sequence[Event]) -> None:
        """Store events under the ids that they have, behind those that are there."""
        before, last = len(self.events), self.last_event_id
        self.events += events
        self.last_event_id = max(last, *(event.id for event in events))
        self.journal.append(lambda: self.events.__delitem__(slice(before, None)))
        self.journal.append(lambda: setattr(self, "last_event_id", last))

    def count_on(self, sequence: int, event_id: int) -> None:
        """Count on to at least these."""
        before = self.last_sequence, self.last_event_id
        self.last_sequence = max(self.last_sequence, sequence)
        self.last_event_id = max(self.last_event_id, event_id)
        self.journal.append(lambda: setattr(self, "last_sequence", before[0]))
        self.journal.append(lambda: setattr(self, "last_event_id", before[1]))

    def put_copy_state(self, state: CopyState) -> None:
        """Store how far a copy has come."""
        before = self.copy_state
        self.copy_state = state
        self.journal.append(lambda: setattr(self, "copy_state", before))

    def undo(self) -> None:
        """Take back everything since the journal was emptied."""
        while self.journal:
            self.journal.pop()()

    def of(self, queue: str) -> Iterator[Job]:
        """The stored jobs of a queue, in claim order, for a claim."""
        for place in self.claimable[queue]:
            yield self.jobs[place[-1]]

    def has_jobs(self, queue: str) -> bool:
        """Whether there is any job in a queue."""
        return any(ref.queue == queue for ref in self.keys)

    def _write(self, key: int, job: Job | None) -> None:
        before = self.jobs.pop(key, None)
        if before is not None:
            del self.keys[before.ref]
            if before.status is CLAIMABLE:
                places = self.claimable[before.queue]
                del places[bisect_left(places, _claimable(before))]
        if job is not None:
            self.jobs[key] = job
            self.keys[job.ref] = key
            if job.status is CLAIMABLE:
                insort(self.claimable[job.queue], _claimable(job))

    def _write_log(self, key: int, log: Log | None) -> None:
        self.logs.pop(key, None)
        if log is not None:
            self.logs[key] = log

    def _write_queue(self, name: str, queue: Queue | None) -> None:
        self.queues.pop(name, None)
        if queue is not None:
            self.queues[name] = queue

    def _drop_event(self) -> None:
        self.events.pop()
        self.last_event_id -= 1


def _claimable(job: Job) -> Claimable:
    return (job.claim_position, job.key)
