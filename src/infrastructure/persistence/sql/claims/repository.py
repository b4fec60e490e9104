"""Claims and leases in SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import attrs
from sqlalchemy import select, update

from .....core.domain.job.job import Job
from .....core.domain.job.lease import Claim
from .....core.ports.lease_repository import Held, LeaseRepository, Renewal
from ..jobs.damaged_rows import read_job
from ..jobs.selecting import is_in, loaded
from ..jobs.statuses import ACTIVE
from ..meta.statements import STORE_ID
from ..sql_connection import SqlConnection
from ..times import ms, whole_ms
from . import kept_leases
from .dialect import ClaimValues


@attrs.frozen(eq=False)
class SqlLeaseRepository(LeaseRepository):
    """Leases as columns of the job's row."""

    sql: SqlConnection
    now: datetime

    def claim(self, claim: Claim) -> list[Job]:
        """The rows come in any order, and are put into claim order here."""
        if claim.limit <= 0:
            return []
        values = ClaimValues(
            queue=claim.queue,
            limit=claim.limit,
            token=claim.token,
            worker=claim.worker,
            now=ms(self.now),
            until=ms(self.now + claim.lease),
            length=whole_ms(claim.lease),
        )
        rows = self.sql.dialect.claims.claim(self.sql, values)
        claimed = [read_job(row) for row in rows]
        claimed.sort(key=lambda job: job.claim_position)
        return claimed

    def claimed_under(self, worker: str, tokens: Collection[str]) -> list[Job]:
        tables = self.sql.dialect.tables
        job = tables.jobs.c
        held = (is_in(tables, ACTIVE), job.worker == worker, job.token.in_(sorted(tokens)))
        found = self.sql.select(select(*loaded(tables)).where(*held))
        return sorted(map(read_job, found), key=lambda job: job.claim_position)

    def renew(self, held: Collection[Held], until: datetime) -> Renewal:
        if not held:
            return Renewal(frozenset(), frozenset())
        renewed = self.sql.dialect.claims.renew(self.sql, held, ms(until))
        missed = [hold for hold in held if hold not in renewed]
        lost = frozenset(hold for hold in missed if not self._owns(hold))
        flagged = frozenset(hold for hold in held if renewed.get(hold) is not None)
        locked = frozenset(hold for hold in missed if hold not in lost and self._holds(hold))
        if locked:
            kept_leases.keep(self.sql, locked, until, self.now)
        return Renewal(lost, flagged, locked)

    def renewed_beside(self) -> Collection[Held]:
        ends = kept_leases.kept(self.sql)
        return {held for held, until in ends.items() if until > self.now}

    def rehearse(self) -> None:
        """The row of the store's id, there and back; and no job.

        What does not differ from what is there, some engines do not write.
        """
        self.sql.write(self.sql.dialect.statements.claims.change_none)
        meta = self.sql.dialect.tables.meta
        value = str(self.sql.rows(self.sql.dialect.statements.meta.store_id)[0][0])
        for text in (f"{value} ", value):
            mine = update(meta).where(meta.c.name == STORE_ID)
            self.sql.execute(mine.values(value=text))

    def flagged(self, worker: str) -> frozenset[Held]:
        rows = self.sql.rows(self.sql.dialect.statements.claims.flagged, (worker,))
        return frozenset(Held(key, token) for key, token in rows)

    def _holds(self, held: Held) -> bool:
        return bool(self.sql.rows(self.sql.dialect.statements.claims.held, (held.key, held.token)))

    def _owns(self, held: Held) -> bool:
        own = self.sql.dialect.statements.claims.own
        return bool(self.sql.rows(own, (held.key, held.token)))
