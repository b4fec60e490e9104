"""Claims and leases: how runs begin, stay alive and report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

import attrs

from ..domain.job.job import Job
from ..domain.job.lease import Claim


@attrs.frozen
class Held:
    """A run's hold on a job: the store's key of the job and the fencing token."""

    key: int
    token: str


@attrs.frozen
class Renewal:
    """What a renewal found: leases another write has taken, and jobs flagged for cancel."""

    lost: frozenset[Held]
    flagged: frozenset[Held]


class LeaseRepository(Protocol):
    """Leases of active jobs. None of these writes but `claim` bumps a job's version."""

    def claim(self, claim: Claim) -> list[Job]:
        """Carry out `Job.claim` for the first jobs in claim order, and return them in it.

        An `UnreadableJob` among them is claimed like the others, and is not to be run.
        """
        ...

    def claimed_under(self, worker: str, tokens: Collection[str]) -> list[Job]:
        """The active jobs that this worker holds under these tokens, in claim order."""
        ...

    def renew(self, held: Collection[Held], until: datetime) -> Renewal:
        """Prolong these leases, in one statement.

        A job that its own run has settled is neither lost nor flagged.
        """
        ...

    def flagged(self, worker: str) -> frozenset[Held]:
        """The active jobs of this worker that somebody asked to end."""
        ...

    def record_progress(self, reports: Sequence[tuple[Held, str]]) -> list[bool]:
        """Write the newest progress (JSON text) of runs; False where the lease is lost."""
        ...

    def save_state(self, held: Held, state: str) -> bool:
        """Write what a job carries from run to run; False where the lease is lost."""
        ...
