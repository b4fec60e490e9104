"""The hot statements as PostgreSQL needs them: any number of rows in one JSON parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Table,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import ColumnElement

from ....cached_property import cached_property
from .. import mapping
from ..conditions import ONE, Query
from ..mapping import ACTIVE
from ..queues.rows import FORGOTTEN, QUEUE
from ..statement import Statement
from .insert_statements import PostgresqlInsertStatements
from .names import quoted
from .sequence_reset import count_on, sequence_of_events

SAVED: Final = (*mapping.CHANGING, "of_key", "of_version")
HELD: Final = ("of_key", "of_token")
REPORT: Final = (*HELD, "progress")
REF: Final = ("of_queue", "of_id")


class PostgresqlStatements(PostgresqlInsertStatements):
    """Rows come as the JSON text `rows`: a list of objects; what an object leaves out is NULL."""

    @cached_property
    def draw(self) -> Statement:
        """So many sequences."""
        numbers = func.generate_series(literal_column("1"), bindparam("count", type_=BigInteger()))
        drawn: Query = select(self.tables.sequence.next_value()).select_from(numbers.alias("n"))
        return Statement(drawn, ["count"])

    @cached_property
    def last_sequence(self) -> Statement:
        """The last sequence drawn."""
        relation = quoted(self.tables.sequence)
        last: ColumnElement[int] = literal_column("CASE WHEN is_called THEN last_value ELSE 0 END")
        return Statement(select(last).select_from(text(relation)), [])

    @cached_property
    def count_sequence_on(self) -> Statement:
        """Draw the next sequence above a number; never below what was drawn."""
        return count_on(self.tables.sequence)

    @cached_property
    def count_events_on(self) -> Statement:
        """Draw the next event id above a number; never below what was drawn."""
        return count_on(sequence_of_events(self.tables))

    @cached_property
    def save(self) -> Statement:
        """Write the jobs whose version is still the one that was decided on; their keys."""
        jobs, rows = self.tables.jobs, self.given(SAVED)
        saved = (
            update(jobs)
            .where(jobs.c.key == rows.c.of_key, jobs.c.version == rows.c.of_version)
            .values(
                version=jobs.c.version + ONE,
                **{name: rows.c[name] for name in mapping.CHANGING},
            )
            .returning(jobs.c.key)
        )
        return Statement(saved, ["rows"])

    @cached_property
    def claim(self) -> Statement:
        """Make the first claimable jobs active, passing over those that others are claiming."""
        jobs = self.tables.jobs
        free: Query = select(_ctid(jobs).label("ctid")).where(self.is_claimable)
        first = (
            self.first(free.order_by(*self.in_claim_order))
            .with_for_update(key_share=True, skip_locked=True)
            .cte("first")
            .prefix_with("MATERIALIZED")
        )
        # By their places, not their keys: a plan may join those by reading the whole table.
        # The rows are locked, so that they stay where they are.
        places: ColumnElement[Any] = literal_column("ANY (ARRAY(SELECT first.ctid FROM first))")
        claimed = (
            update(jobs)
            .add_cte(first)
            .where(_ctid(jobs).op("=")(places))
            .values(
                status=literal_column(ACTIVE),
                version=jobs.c.version + ONE,
                starts=jobs.c.starts + ONE,
                started_at=bindparam("now"),
                token=bindparam("new_token"),
                worker=bindparam("new_worker"),
                lease_expires_at=bindparam("until"),
                lease_ms=bindparam("length"),
            )
            .returning(*self.loaded)
        )
        names = ["of_queue", "most", "new_token", "new_worker", "now", "until", "length"]
        return Statement(claimed, names)

    @cached_property
    def claimable(self) -> Statement:
        """The first of many queues on which a claim would find something.

        Each is looked at by itself: joined, a planner may read all that waits.
        """
        rows = self.given(["of_queue"])
        found = (
            select(ONE.label("one"))
            .where(self.is_claimable_on(rows.c.of_queue))
            .order_by(*self.in_claim_order)
            .limit(ONE)
            .lateral("found")
        )
        names: Query = select(rows.c.of_queue).select_from(rows.join(found, true()))
        return Statement(self.first(names), ["rows", "now", "most"])

    @cached_property
    def renew(self) -> Statement:
        """Prolong leases, but for those of jobs that are locked just now.

        A handler's own transaction may hold such a lock for long.
        """
        jobs, rows = self.tables.jobs, self.given(HELD)
        mine = (
            select(jobs.c.key)
            .where(jobs.c.key == rows.c.of_key, jobs.c.token == rows.c.of_token)
            .where(self.is_in(ACTIVE))
            .with_for_update(key_share=True, skip_locked=True, of=jobs)
            .cte("mine")
            .prefix_with("MATERIALIZED")
        )
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
        jobs, rows = self.tables.jobs, self.given(REPORT)
        written = (
            update(jobs)
            .where(jobs.c.key == rows.c.of_key, jobs.c.token == rows.c.of_token)
            .where(self.is_in(ACTIVE))
            .values(progress=rows.c.progress)
            .returning(jobs.c.key, jobs.c.token)
        )
        return Statement(written, ["rows"])

    @cached_property
    def find(self) -> Statement:
        """Jobs by queue and id, locked in the order of their keys."""
        return self._find(self.loaded)

    @cached_property
    def find_bare(self) -> Statement:
        """The same jobs, without what may be large."""
        return self._find(self.bare)

    def _find(self, columns: Sequence[ColumnElement[Any]]) -> Statement:
        found = self._by_refs(columns).order_by(self.tables.jobs.c.key)
        return Statement(found.with_for_update(key_share=True, of=self.tables.jobs), ["rows"])

    @cached_property
    def peek(self) -> Statement:
        """Jobs by queue and id, not locked."""
        return Statement(self._by_refs(self.loaded), ["rows"])

    def _by_refs(self, columns: Sequence[ColumnElement[Any]]) -> Query:
        job, rows = self.tables.jobs.c, self.given(REF)
        return select(*columns).where(job.queue == rows.c.of_queue, job.id == rows.c.of_id)

    @cached_property
    def remove(self) -> Statement:
        """Delete jobs by key."""
        jobs = self.tables.jobs
        return Statement(delete(jobs).where(jobs.c.key.in_(self._keys)), ["rows"])

    @cached_property
    def remove_logs(self) -> Statement:
        """Delete the logs of jobs by key."""
        logs = self.tables.logs
        return Statement(delete(logs).where(logs.c.job_key.in_(self._keys)), ["rows"])

    @property
    def _keys(self) -> Query:
        rows = self.given(["of_key"])
        return select(rows.c.of_key)

    @cached_property
    def register_queue(self) -> Statement:
        """Write a queue unless it is there and known."""
        new = postgresql.insert(self.tables.queues).values(
            name=bindparam("of_name"), paused=literal_column("0"), turn=literal_column("0")
        )
        known_again = new.on_conflict_do_update(
            index_elements=["name"],
            set_={"turn": new.excluded.turn, "drained_at": new.excluded.drained_at},
            where=self.tables.queues.c.turn == literal_column(str(FORGOTTEN)),
        )
        return Statement(known_again, ["of_name"])

    @cached_property
    def save_queue(self) -> Statement:
        """Write a queue, whether it is there or not."""
        names = QUEUE
        new = postgresql.insert(self.tables.queues).values(
            {name: bindparam("new_" + name) for name in names}
        )
        saved = new.on_conflict_do_update(
            index_elements=["name"], set_={name: new.excluded[name] for name in names[1:]}
        )
        return Statement(saved, ["new_" + name for name in names])


def _ctid(table: Table) -> ColumnElement[Any]:
    """Where a row is."""
    return literal_column(f"{quoted(table)}.ctid")
