"""The hot statements that every engine understands, each built once with Core.

What an engine has to say in its own way is in the grammar in its folder. `FOR UPDATE` is
left out by engines that have no row locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, literal_column, or_, select, update
from sqlalchemy.sql import ColumnElement

from ...cached_property import cached_property
from . import mapping
from .calendar.statements import CalendarStatements
from .conditions import ONE, Query
from .mapping import ACTIVE, WAITING
from .statement import Statement


class Statements(CalendarStatements):
    """Statements over one set of tables. Each names its parameters in order."""

    @cached_property
    def is_claimable(self) -> ColumnElement[bool]:
        """Whether a claim would find a job. Parameters: of_queue, now."""
        return self.is_claimable_on(bindparam("of_queue"))

    def is_claimable_on(self, name: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether a claim on the queue of this name would find a job. Parameter: now."""
        job, queue = self.tables.jobs.c, self.tables.queues.c
        lapses = or_(job.lapses_at.is_(None), job.lapses_at > bindparam("now"))
        paused: Query = select(ONE).where(queue.name == name, queue.paused == literal_column("1"))
        is_paused = exists(paused.correlate_except(self.tables.queues))
        return (job.queue == name) & self.is_in(WAITING) & lapses & ~is_paused

    @cached_property
    def in_claim_order(self) -> tuple[ColumnElement[Any], ...]:
        """The order in which jobs of a queue are claimed: that of its index."""
        job = self.tables.jobs.c
        return (job.priority.desc(), job.turn, job.sequence)

    @cached_property
    def owns(self) -> ColumnElement[bool]:
        """Whether the run with this token is, or was, the job's last."""
        job = self.tables.jobs.c
        return (job.key == bindparam("of_key")) & (job.token == bindparam("of_token"))

    @cached_property
    def holds(self) -> ColumnElement[bool]:
        """Whether the run with this token is under way."""
        return self.owns & self.is_in(ACTIVE)

    @cached_property
    def by_ref(self) -> Statement:
        """A job by queue and id."""
        return Statement(self._by_ref(self.loaded), ["of_queue", "of_id"])

    @cached_property
    def by_ref_bare(self) -> Statement:
        """The same job, without what may be large."""
        return Statement(self._by_ref(self.bare), ["of_queue", "of_id"])

    @cached_property
    def by_ref_locked(self) -> Statement:
        """A job by queue and id, locked."""
        locked = self._by_ref(self.loaded).with_for_update(key_share=True)
        return Statement(locked, ["of_queue", "of_id"])

    def _by_ref(self, columns: Sequence[ColumnElement[Any]]) -> Query:
        job = self.tables.jobs.c
        return select(*columns).where(
            job.queue == bindparam("of_queue"), job.id == bindparam("of_id")
        )

    @cached_property
    def save_one(self) -> Statement:
        """Write a job whose version is still the one that was decided on."""
        jobs = self.tables.jobs
        values: dict[str, ColumnElement[Any]] = {
            name: bindparam("new_" + name) for name in mapping.CHANGING
        }
        saved = (
            update(jobs)
            .where(jobs.c.key == bindparam("of_key"), jobs.c.version == bindparam("of_version"))
            .values(version=jobs.c.version + ONE, **values)
        )
        return Statement(saved, [*("new_" + name for name in values), "of_key", "of_version"])

    @cached_property
    def save_data(self) -> Statement:
        """Write a job's input."""
        jobs = self.tables.jobs
        changed = update(jobs).where(jobs.c.key == bindparam("of_key"))
        return Statement(changed.values(data=bindparam("text")), ["text", "of_key"])

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
            self.is_in(ACTIVE),
            job.cancel_requested_at.is_not(None),
            job.worker == bindparam("of_worker"),
        )
        return Statement(found, ["of_worker"])

    @cached_property
    def newest_lines(self) -> Statement:
        """The newest log lines of a job, newest first."""
        log = self.tables.logs.c
        newest = self._of_log(select(log.number, log.at, log.text)).order_by(log.number.desc())
        return Statement(self.first(newest), ["of_key", "most"])

    @cached_property
    def last_line(self) -> Statement:
        """The number of a job's newest log line."""
        return Statement(self._of_log(select(func.max(self.tables.logs.c.number))), ["of_key"])

    @cached_property
    def count_lines(self) -> Statement:
        """How many log lines a job has."""
        lines = select(func.count()).select_from(self.tables.logs)
        return Statement(self._of_log(lines), ["of_key"])

    def _of_log(self, query: Query) -> Query:
        return query.where(self.tables.logs.c.job_key == bindparam("of_key"))

    @cached_property
    def append_line(self) -> Statement:
        """Write a log line."""
        names = ("job_key", "number", "at", "text")
        line = self.tables.logs.insert().values({name: bindparam(name) for name in names})
        return Statement(line, names)

    @cached_property
    def drop_lines(self) -> Statement:
        """Remove a job's log lines up to a number."""
        log = self.tables.logs
        old = (log.c.job_key == bindparam("of_key")) & (log.c.number <= bindparam("up_to"))
        return Statement(delete(log).where(old), ["of_key", "up_to"])

    @cached_property
    def last_event(self) -> Statement:
        """The id of the newest event."""
        return Statement(select(func.max(self.tables.events.c.id)), [])

    @cached_property
    def store_id(self) -> Statement:
        """The random id that tells this database from all others."""
        meta = self.tables.meta.c
        return Statement(select(meta.value).where(meta.name == literal_column("'store_id'")), [])
