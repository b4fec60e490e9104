"""Claims and leases: how runs begin and stay alive."""

from __future__ import annotations

from collections.abc import Collection
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
    """What a renewal found: leases another write has taken, and jobs flagged for cancel.

    `locked` are prolonged, too, though another transaction had locked their jobs.
    """

    lost: frozenset[Held]
    flagged: frozenset[Held]
    locked: frozenset[Held] = frozenset()


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
        """Prolong these leases, in one statement, and wait for no other transaction.

        Those of jobs that another transaction has locked are prolonged beside them, which the
        calendar respects. A job that its own run has settled is none of what a renewal tells.
        """
        ...

    def renewed_beside(self) -> Collection[Held]:
        """The leases that were prolonged beside their locked jobs and have not run out."""
        ...

    def rehearse(self) -> None:
        """Write something that is left as it was: a renewal would succeed where this does."""
        ...

    def flagged(self, worker: str) -> frozenset[Held]:
        """The active jobs of this worker that somebody asked to end."""
        ...
