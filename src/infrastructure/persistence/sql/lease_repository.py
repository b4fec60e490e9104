"""Claims and leases in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import attrs

from ....core.domain.job.job import Job
from ....core.domain.job.lease import Claim
from ....core.ports.lease_repository import Held, LeaseRepository, Renewal
from . import statements
from .mapping import job_from_row, to_ms
from .session import Session


@attrs.frozen(eq=False)
class SqlLeaseRepository(LeaseRepository):
    """Leases as columns of the job's row."""

    session: Session
    now: datetime

    def claim(self, claim: Claim) -> list[Job]:
        """See the port.

        RETURNING gives the rows in the order in which they were touched, so they are
        put into claim order here.
        """
        if claim.limit <= 0:
            return []
        until = to_ms(self.now + claim.lease)
        rows = self.session.rows(
            statements.CLAIM,
            (claim.queue, claim.limit, claim.token, claim.worker, to_ms(self.now), until),
        )
        claimed = [job_from_row(row) for row in rows]
        claimed.sort(key=_claim_order)
        return claimed

    def renew(self, held: Collection[Held], until: datetime) -> Renewal:
        """See the port."""
        moment = to_ms(until)
        rows = [(moment, hold.key, hold.token) for hold in held]
        if self.session.write_many(statements.RENEW, rows) == len(rows):
            lost: frozenset[Held] = frozenset()
        else:
            lost = frozenset(hold for hold in held if not self._owns(hold))
        flagged = (hold for hold in held if hold not in lost and self._is_flagged(hold))
        return Renewal(lost, frozenset(flagged))

    def flagged(self, worker: str) -> frozenset[Held]:
        """See the port."""
        rows = self.session.rows(statements.FLAGGED, (worker,))
        return frozenset(Held(key, token) for key, token in rows)

    def record_progress(self, reports: Sequence[tuple[Held, str]]) -> list[bool]:
        """See the port."""
        return [
            self.session.write(statements.SAVE_PROGRESS, (text, hold.key, hold.token)) == 1
            for hold, text in reports
        ]

    def save_state(self, held: Held, state: str) -> bool:
        """See the port."""
        return self.session.write(statements.SAVE_STATE, (state, held.key, held.token)) == 1

    def _owns(self, held: Held) -> bool:
        return bool(self.session.rows(statements.OWN, (held.key, held.token)))

    def _is_flagged(self, held: Held) -> bool:
        rows = self.session.rows(statements.HELD, (held.key, held.token))
        return bool(rows) and rows[0][0] is not None


def _claim_order(job: Job) -> tuple[int, int, int]:
    return (-job.priority, job.turn, job.sequence)
