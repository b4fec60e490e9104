"""The statements about claims and leases that every engine understands, each built once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, exists, false, literal_column, or_, select, update
from sqlalchemy.sql import ColumnElement

from ....cached_property import cached_property
from ..jobs.selecting import in_claim_order, is_in, loaded
from ..jobs.statuses import ACTIVE, WAITING
from ..statement import Query, Statement
from ..syntax import ONE, SqlSyntax


class ClaimStatements:
    """Statements over the table of jobs about who may run one, and who does."""

    def __init__(self, syntax: SqlSyntax) -> None:
        self.syntax = syntax
        self.tables = syntax.tables
        self.loaded = loaded(syntax.tables)

    @cached_property
    def is_claimable(self) -> ColumnElement[bool]:
        """Whether a claim would find a job. Parameters: of_queue, now."""
        return self.is_claimable_on(bindparam("of_queue"))

    def is_claimable_on(self, name: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether a claim on the queue of this name would find a job. Parameter: now."""
        job, queue = self.tables.jobs.c, self.tables.queues.c
        lapses = or_(job.lapses_at.is_(None), job.lapses_at > bindparam("now"))
        paused: Query = select(ONE).where(queue.name == name, queue.paused == ONE)
        is_paused = exists(paused.correlate_except(self.tables.queues))
        return (job.queue == name) & is_in(self.tables, WAITING) & lapses & ~is_paused

    @cached_property
    def in_claim_order(self) -> tuple[ColumnElement[Any], ...]:
        """The order in which jobs of a queue are claimed."""
        return in_claim_order(self.tables)

    def claimed(self) -> dict[str, ColumnElement[Any]]:
        """What a claim writes into the row of a job: `Job.claim`, written down."""
        job = self.tables.jobs.c
        return {
            "status": literal_column(ACTIVE),
            "version": job.version + ONE,
            "starts": job.starts + ONE,
            "started_at": bindparam("now"),
            "token": bindparam("new_token"),
            "worker": bindparam("new_worker"),
            "lease_expires_at": bindparam("until"),
            "lease_ms": bindparam("length"),
        }

    @cached_property
    def owns(self) -> ColumnElement[bool]:
        """Whether the run with this token is, or was, the job's last."""
        job = self.tables.jobs.c
        return (job.key == bindparam("of_key")) & (job.token == bindparam("of_token"))

    @cached_property
    def holds(self) -> ColumnElement[bool]:
        """Whether the run with this token is under way."""
        return self.owns & is_in(self.tables, ACTIVE)

    @cached_property
    def has_claimable(self) -> Statement:
        """One row where a claim would find something.

        In claim order: without it a planner that counts on many waiting jobs may look for
        one through the whole table.
        """
        found: Query = select(ONE).where(self.is_claimable).order_by(*self.in_claim_order)
        return Statement(found.limit(ONE), ["of_queue", "now"])

    @cached_property
    def save_progress(self) -> Statement:
        """Write the progress of a run under way."""
        return self._write_held("progress")

    @cached_property
    def save_state(self) -> Statement:
        """Write the state of a run under way."""
        return self._write_held("state")

    def _write_held(self, column: str) -> Statement:
        changed = update(self.tables.jobs).where(self.holds).values({column: bindparam("new")})
        return Statement(changed, ["new", "of_key", "of_token"])

    @cached_property
    def held(self) -> Statement:
        """The cancel request of a run under way; no row where it has lost its lease."""
        found: Query = select(self.tables.jobs.c.cancel_requested_at).where(self.holds)
        return Statement(found, ["of_key", "of_token"])

    @cached_property
    def own(self) -> Statement:
        """One row where no other run has begun since."""
        return Statement(select(ONE).where(self.owns), ["of_key", "of_token"])

    @cached_property
    def flagged(self) -> Statement:
        """The runs of a worker that somebody asked to end."""
        job = self.tables.jobs.c
        found: Query = select(job.key, job.token).where(
            is_in(self.tables, ACTIVE),
            job.cancel_requested_at.is_not(None),
            job.worker == bindparam("of_worker"),
        )
        return Statement(found, ["of_worker"])

    @cached_property
    def change_none(self) -> Statement:
        """Changes no job; waits where a lock of the whole table keeps all from being changed.

        Some such locks let rows be read and locked meanwhile (`SHARE`, of CREATE INDEX).
        """
        jobs = self.tables.jobs
        return Statement(update(jobs).where(false()).values(version=jobs.c.version), [])
