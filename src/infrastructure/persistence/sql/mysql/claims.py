"""Claims and leases on MariaDB and MySQL: rows are locked first, then changed by key, then read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, select

from .....core.ports.lease_repository import Held
from ....cached_property import cached_property
from ..claims.dialect import ClaimDialect, ClaimValues
from ..claims.statements import ClaimStatements
from ..jobs.selecting import is_in
from ..jobs.statuses import ACTIVE
from ..sql_connection import SqlConnection
from ..statement import Query, Row, Statement
from ..syntax import ONE
from .job_statements import MysqlJobStatements
from .joins import JoinedUpdate
from .syntax import MysqlSyntax, keys_text

CLAIM: Final = "job_claim"
QUEUE: Final = ("of_queue",)
_FEW: Final = 2
"""Queues that cost less one by one than as JSON."""


class MysqlClaimStatements(ClaimStatements):
    """There is no `UPDATE ... RETURNING`."""

    syntax: MysqlSyntax

    @cached_property
    def claimable(self) -> Statement:
        """The first of many queues on which a claim would find something.

        Each is looked at by itself; a scalar is what the planner cannot turn into a join.
        """
        rows = self.syntax.given({"of_queue": self.tables.jobs.c.queue})
        free: Query = select(ONE).where(self.is_claimable_on(rows.c.of_queue))
        found = free.order_by(*self.in_claim_order).limit(ONE).correlate(rows).scalar_subquery()
        names: Query = select(rows.c.of_queue).where(found.is_not(None))
        return Statement(self.syntax.first(names), ["rows", "now", "most"])

    @cached_property
    def lock_claimable(self) -> Statement:
        """The keys of the first claimable jobs, but for those that others are claiming; locked."""
        jobs = self.tables.jobs
        free: Query = select(jobs.c.key).where(self.is_claimable)
        ordered = self.syntax.by_index(free, jobs, CLAIM).order_by(*self.in_claim_order)
        first = self.syntax.locked(self.syntax.first(ordered), passes_over=True)
        return Statement(first, ["of_queue", "now", "most"])

    @cached_property
    def claim(self) -> Statement:
        """Make jobs active that are locked."""
        _, joined = self.syntax.given_jobs()
        claimed = JoinedUpdate(joined, self.claimed())
        return Statement(claimed, ["rows", "now", "new_token", "new_worker", "until", "length"])

    @cached_property
    def lock_leases(self) -> Statement:
        """Runs under way by key, but for those of jobs that are locked just now; locked.

        A handler's own transaction may hold such a lock for long.
        """
        _, joined = self.syntax.given_jobs()
        job = self.tables.jobs.c
        held: Query = select(job.key, job.token, job.cancel_requested_at).select_from(joined)
        active = held.where(is_in(self.tables, ACTIVE))
        return Statement(self.syntax.locked(active, passes_over=True), ["rows"])

    @cached_property
    def renew(self) -> Statement:
        """Prolong leases of jobs that are locked."""
        _, joined = self.syntax.given_jobs()
        renewed = JoinedUpdate(joined, {"lease_expires_at": bindparam("until")})
        return Statement(renewed, ["rows", "until"])


class MysqlClaims(ClaimDialect):
    """What MariaDB and MySQL do with many leases."""

    statements: MysqlClaimStatements

    def __init__(self, statements: MysqlClaimStatements, jobs: MysqlJobStatements) -> None:
        super().__init__(statements)
        self.jobs = jobs

    def claimable(
        self, sql: SqlConnection, queues: Sequence[str], now: int, most: int
    ) -> list[str]:
        """Many in one statement."""
        if len(queues) <= _FEW:
            return super().claimable(sql, queues, now, most)
        rows = self.statements.syntax.rows_text(QUEUE, [(name,) for name in queues])
        return [row[0] for row in sql.rows(self.statements.claimable, (rows, now, most))]

    def claim(self, sql: SqlConnection, claim: ClaimValues) -> Sequence[Row]:
        first = sql.rows(self.statements.lock_claimable, (claim.queue, claim.now, claim.limit))
        if not first:
            return []
        keys = keys_text([row[0] for row in first])
        values = (keys, claim.now, claim.token, claim.worker, claim.until, claim.length)
        sql.write(self.statements.claim, values)
        return sql.rows(self.jobs.by_key, (keys,))

    def renew(
        self, sql: SqlConnection, held: Collection[Held], until: int
    ) -> Mapping[Held, int | None]:
        keys = keys_text(sorted(hold.key for hold in held))
        locked = {
            Held(key, token): requested_at
            for key, token, requested_at in sql.rows(self.statements.lock_leases, (keys,))
        }
        renewed = {hold: locked[hold] for hold in held if hold in locked}
        if renewed:
            mine = keys_text(sorted(hold.key for hold in renewed))
            sql.write(self.statements.renew, (mine, until))
        return renewed

    def record_progress(
        self, sql: SqlConnection, reports: Sequence[tuple[Held, str]]
    ) -> Collection[Held]:
        """What is as it was counts as nothing written."""
        written: set[Held] = set()
        for hold, text in sorted(dict(reports).items(), key=lambda report: report[0].key):
            count = sql.write(self.statements.save_progress, (text, hold.key, hold.token))
            if count or sql.rows(self.statements.held, (hold.key, hold.token)):
                written.add(hold)
        return written
