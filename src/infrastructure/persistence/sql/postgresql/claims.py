"""Claims and leases on PostgreSQL: one statement for any number of rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Table, bindparam, literal_column, select, true, update
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from .....core.ports.lease_repository import Held
from ....cached_property import cached_property
from ..claims.dialect import ClaimDialect, ClaimValues
from ..claims.statements import ClaimStatements
from ..jobs.parts import reported_parts
from ..jobs.selecting import is_in
from ..jobs.statuses import ACTIVE
from ..sql_connection import SqlConnection
from ..statement import Query, Row, Statement
from ..syntax import ONE
from .jobs import MOST_CHARACTERS
from .names import quoted
from .syntax import PostgresqlSyntax
from .writes_late import rows_in_order

HELD: Final = ("of_key", "of_token")
REPORT: Final = (*HELD, "progress")
QUEUE: Final = ("of_queue",)
FEW_QUEUES: Final = 3
"""Queues that cost less one by one than as JSON."""


class PostgresqlClaimStatements(ClaimStatements):
    """Rows come as the JSON text `rows`."""

    syntax: PostgresqlSyntax

    @cached_property
    def claim(self) -> Statement:
        """Make the first claimable jobs active, passing over those that others are claiming."""
        jobs = self.tables.jobs
        free: Query = select(_ctid(jobs).label("ctid")).where(self.is_claimable)
        ordered = self.syntax.first(free.order_by(*self.in_claim_order))
        first = self.syntax.locked(ordered, passes_over=True).cte("first")
        first = first.prefix_with("MATERIALIZED")
        # By their places, not their keys: a plan may join those by reading the whole table.
        # The rows are locked, so that they stay where they are.
        places: ColumnElement[Any] = literal_column("ANY (ARRAY(SELECT first.ctid FROM first))")
        claimed = (
            update(jobs)
            .add_cte(first)
            .where(_ctid(jobs).op("=")(places))
            .values(**self.claimed())
            .returning(*self.loaded)
        )
        names = ["of_queue", "most", "new_token", "new_worker", "now", "until", "length"]
        return Statement(claimed, names)

    @cached_property
    def claimable(self) -> Statement:
        """The first of many queues on which a claim would find something.

        Each is looked at by itself: joined, a planner may read all that waits.
        """
        rows = self._given(QUEUE)
        found = (
            select(ONE.label("one"))
            .where(self.is_claimable_on(rows.c.of_queue))
            .order_by(*self.in_claim_order)
            .limit(ONE)
            .lateral("found")
        )
        names: Query = select(rows.c.of_queue).select_from(rows.join(found, true()))
        return Statement(self.syntax.first(names), ["rows", "now", "most"])

    @cached_property
    def renew(self) -> Statement:
        """Prolong leases, but for those of jobs that are locked just now.

        A handler's own transaction may hold such a lock for long.
        """
        jobs, rows = self.tables.jobs, self._given(HELD)
        held: Query = select(jobs.c.key).where(*self._hold(rows))
        mine = self.syntax.locked(held, of=jobs, passes_over=True).cte("mine")
        mine = mine.prefix_with("MATERIALIZED")
        renewed = (
            update(jobs)
            .where(jobs.c.key == mine.c.key)
            .values(lease_expires_at=bindparam("until"))
            .returning(jobs.c.key, jobs.c.token, jobs.c.cancel_requested_at)
        )
        return Statement(renewed, ["rows", "until"])

    @cached_property
    def record_progress(self) -> Statement:
        """Write the progress of runs under way; their keys and tokens."""
        jobs, rows = self.tables.jobs, self._given(REPORT)
        written = (
            update(jobs)
            .where(*self._hold(rows))
            .values(progress=rows.c.progress)
            .returning(jobs.c.key, jobs.c.token)
        )
        return Statement(written, ["rows"])

    def _hold(self, rows: TableValuedAlias) -> Sequence[ColumnElement[bool]]:
        """Whether the given runs are under way."""
        job = self.tables.jobs.c
        same = (job.key == rows.c.of_key, job.token == rows.c.of_token)
        return (*same, is_in(self.tables, ACTIVE))

    def _given(self, names: Sequence[str]) -> TableValuedAlias:
        job = self.tables.jobs.c
        return self.syntax.given({name: job[name.removeprefix("of_")] for name in names})


class PostgresqlClaims(ClaimDialect):
    """PostgreSQL's way with many leases."""

    statements: PostgresqlClaimStatements

    def claimable(
        self, sql: SqlConnection, queues: Sequence[str], now: int, most: int
    ) -> list[str]:
        """Many in one statement."""
        if len(queues) <= FEW_QUEUES:
            return super().claimable(sql, queues, now, most)
        rows = self._text(QUEUE, [(name,) for name in queues])
        return [row[0] for row in sql.rows(self.statements.claimable, (rows, now, most))]

    def claim(self, sql: SqlConnection, claim: ClaimValues) -> Sequence[Row]:
        who = (claim.token, claim.worker)
        until = (claim.now, claim.until, claim.length)
        return sql.rows(self.statements.claim, (claim.queue, claim.limit, *who, *until))

    def renew(
        self, sql: SqlConnection, held: Collection[Held], until: int
    ) -> Mapping[Held, int | None]:
        rows = self._text(HELD, [(hold.key, hold.token) for hold in held])
        renewed = sql.rows(self.statements.renew, (rows, until))
        return {Held(key, token): requested_at for key, token, requested_at in renewed}

    def record_progress(
        self, sql: SqlConnection, reports: Sequence[tuple[Held, str]]
    ) -> Collection[Held]:
        record, latest = self.statements.record_progress, dict(reports)
        rows = sorted((hold.key, hold.token, text) for hold, text in latest.items())
        return {
            Held(key, token)
            for part in reported_parts(rows, MOST_CHARACTERS)
            for key, token in rows_in_order(sql, record, self._text(REPORT, part))
        }

    def _text(self, names: Sequence[str], rows: Sequence[Row]) -> str:
        return self.statements.syntax.rows_text(names, rows)


def _ctid(table: Table) -> ColumnElement[Any]:
    """Where a row is."""
    return literal_column(f"{quoted(table)}.ctid")
