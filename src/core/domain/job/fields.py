"""The fields of a job."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import attrs

from . import defaults
from .failure import Failure, storable
from .lease import Lease
from .options import DEFAULT_POLICY, NO_LABELS, JobPolicy, Labels
from .status import JobStatus


@attrs.frozen
class CancelRequest:
    """That somebody asked an active job to end."""

    at: datetime
    reason: str = attrs.field(converter=storable)


@attrs.define(kw_only=True, eq=False)
class JobFields:
    """What is stored of a job. Identity is (queue, id).

    `version` guards every write of the entity. `token` is the last fencing token given
    out and not taken back; it stays after a settlement, so that settling again under it
    is seen to be the same. `key` is the first sequence drawn for it: the store's own
    number, never used again; 0 before it has written the job. `data`, `state`, `progress`
    and `result` are JSON text.
    """

    queue: str
    id: str
    name: str
    data: str
    created_at: datetime
    key: int
    sequence: int
    status: JobStatus = JobStatus.WAITING
    priority: int = defaults.PRIORITY
    turn: int = 0
    policy: JobPolicy = DEFAULT_POLICY
    labels: Labels = NO_LABELS
    version: int = 1
    attempts_made: int = 0
    starts: int = 0
    crashes: int = 0
    put_offs: int = 0
    releases: int = 0
    token: str | None = None
    lease: Lease | None = None
    cancel_request: CancelRequest | None = None
    run_at: datetime | None = None
    lapses_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    purge_at: datetime | None = None
    result: str | None = None
    failures: tuple[Failure, ...] = ()
    state: str | None = None
    progress: str | None = None

    def copy(self) -> Self:  # noqa: PLR0915 - one line a field
        """The same job as a separate entity, to decide on without touching this one.

        Written out, because every settlement copies: a loop over the fields takes ten
        times as long.
        """
        twin = object.__new__(type(self))
        twin.queue = self.queue
        twin.id = self.id
        twin.name = self.name
        twin.data = self.data
        twin.created_at = self.created_at
        twin.key = self.key
        twin.sequence = self.sequence
        twin.status = self.status
        twin.priority = self.priority
        twin.turn = self.turn
        twin.policy = self.policy
        twin.labels = self.labels
        twin.version = self.version
        twin.attempts_made = self.attempts_made
        twin.starts = self.starts
        twin.crashes = self.crashes
        twin.put_offs = self.put_offs
        twin.releases = self.releases
        twin.token = self.token
        twin.lease = self.lease
        twin.cancel_request = self.cancel_request
        twin.run_at = self.run_at
        twin.lapses_at = self.lapses_at
        twin.started_at = self.started_at
        twin.finished_at = self.finished_at
        twin.purge_at = self.purge_at
        twin.result = self.result
        twin.failures = self.failures
        twin.state = self.state
        twin.progress = self.progress
        return twin
