"""Claims and leases on SQLite: RETURNING says what a change has met."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import bindparam, select, update

from .....core.ports.lease_repository import Held
from ....cached_property import cached_property
from ..claims.dialect import ClaimDialect, ClaimValues
from ..claims.statements import ClaimStatements
from ..sql_connection import SqlConnection
from ..statement import Row, Statement


class SqliteClaimStatements(ClaimStatements):
    """A claim in one statement."""

    @cached_property
    def claim(self) -> Statement:
        """Make the first claimable jobs active; RETURNING gives them in any order."""
        jobs = self.tables.jobs
        first = self.syntax.first(
            select(jobs.c.key).where(self.is_claimable).order_by(*self.in_claim_order)
        )
        claimed = update(jobs).where(jobs.c.key.in_(first)).values(**self.claimed())
        names = ["of_queue", "most", "new_token", "new_worker", "now", "until", "length"]
        return Statement(claimed.returning(*self.loaded), names)

    @cached_property
    def renew(self) -> Statement:
        """Prolong a lease; the time of a cancel request."""
        jobs = self.tables.jobs
        prolonged = update(jobs).where(self.holds).values(lease_expires_at=bindparam("until"))
        told = prolonged.returning(jobs.c.cancel_requested_at)
        return Statement(told, ["until", "of_key", "of_token"])


class SqliteClaims(ClaimDialect):
    """SQLite's way with many leases."""

    statements: SqliteClaimStatements

    def claim(self, sql: SqlConnection, claim: ClaimValues) -> Sequence[Row]:
        who = (claim.token, claim.worker)
        until = (claim.now, claim.until, claim.length)
        return sql.rows(self.statements.claim, (claim.queue, claim.limit, *who, *until))

    def renew(
        self, sql: SqlConnection, held: Collection[Held], until: int
    ) -> Mapping[Held, int | None]:
        renew = self.statements.renew
        return {
            hold: row[0] for hold in held for row in sql.rows(renew, (until, hold.key, hold.token))
        }

    def record_progress(
        self, sql: SqlConnection, reports: Sequence[tuple[Held, str]]
    ) -> Collection[Held]:
        save = self.statements.save_progress
        return {
            hold for hold, text in reports if sql.write(save, (text, hold.key, hold.token)) == 1
        }
