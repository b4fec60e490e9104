"""The hot statements as MariaDB and MySQL need them: several rows in one JSON parameter.

There is no `UPDATE ... RETURNING` and nothing like `ON CONFLICT`, so rows are locked first,
then changed by key, then read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    SmallInteger,
    Text,
    bindparam,
    column,
    delete,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from ....cached_property import cached_property
from .. import mapping
from ..conditions import ONE, Query
from ..mapping import ACTIVE
from ..queues.rows import FORGOTTEN, QUEUE
from ..statement import Statement
from .calendar_statements import MysqlCalendarStatements
from .joins import JoinedDelete, JoinedUpdate, StraightJoin
from .schema import MysqlTables

KEY: Final = ("of_key",)
VERSIONED: Final = ("of_key", "of_version")
REF: Final = ("of_queue", "of_id")
SAVED: Final = (*VERSIONED, *mapping.CHANGING)
"""The long texts come last: the server looks through a row from its beginning, for each column."""
_ONE_MORE: Final[ColumnElement[int]] = literal_column("1")


class MysqlStatements(MysqlCalendarStatements):
    """Rows come as the JSON text `rows`: a list of lists, their values in a fixed order."""

    tables: MysqlTables

    def __init__(self, tables: MysqlTables) -> None:
        super().__init__(tables)
        job = tables.jobs.c
        self._types: dict[str, Column[Any]] = {
            **{name: job[name] for name in mapping.LOADED},
            "of_key": job.key,
            "of_version": job.version,
            "of_queue": job.queue,
            "of_id": job.id,
        }

    def given(self, names: Sequence[str]) -> TableValuedAlias:
        """The rows of the parameter `rows`."""
        columns = [column(name, self._types[name].type) for name in names]
        spelt = ", ".join(
            f"{name} {self._spelt(self._types[name])} PATH '$[{place}]'"
            for place, name in enumerate(names)
        )
        path: ColumnElement[Any] = literal_column(f"'$[*]' COLUMNS ({spelt})")
        rows = func.json_table(bindparam("rows", type_=Text()), path)
        return rows.table_valued(*columns, name="given")

    def _spelt(self, column: Column[Any]) -> str:
        """A type as JSON_TABLE takes it."""
        if isinstance(column.type, BigInteger | Integer | SmallInteger):
            return "BIGINT"
        length = getattr(column.type, "length", None)
        type_ = "LONGTEXT" if length is None else f"VARCHAR({length})"
        return f"{type_} CHARACTER SET utf8mb4 COLLATE {self.tables.collation}"

    def _joined(self, names: Sequence[str]) -> tuple[TableValuedAlias, StraightJoin]:
        """The given rows, each with the job whose key it names."""
        rows, jobs = self.given(names), self.tables.jobs
        return rows, StraightJoin(rows, jobs, jobs.c.key == rows.c.of_key)

    @cached_property
    def insert_job(self) -> Statement:
        """Write a job unless its id is taken."""
        jobs = self.tables.jobs
        new = mysql.insert(jobs).values({name: bindparam(name) for name in mapping.NEW})
        return Statement(new.on_duplicate_key_update(key=jobs.c.key), mapping.NEW)

    @cached_property
    def count_jobs(self) -> Statement:
        """How many of these keys there are."""
        _, joined = self._joined(KEY)
        return Statement(select(func.count()).select_from(joined), ["rows"])

    @cached_property
    def append_event(self) -> Statement:
        """Write an event."""
        new = self.tables.events.insert().values({name: bindparam(name) for name in mapping.EVENT})
        return Statement(new, mapping.EVENT)

    @cached_property
    def lock_versions(self) -> Statement:
        """The keys of the jobs whose version is still the given one, locked in their order."""
        rows, joined = self._joined(VERSIONED)
        key, version = self.tables.jobs.c.key, self.tables.jobs.c.version
        locked: Query = select(key).select_from(joined).where(version == rows.c.of_version)
        return Statement(locked.with_for_update(), ["rows"])

    @cached_property
    def save(self) -> Statement:
        """Write jobs that are locked."""
        rows, joined = self._joined(SAVED)
        job = self.tables.jobs.c
        changes = {name: rows.c[name] for name in mapping.CHANGING}
        saved = JoinedUpdate(joined, {**changes, "version": job.version + _ONE_MORE})
        return Statement(saved, ["rows"])

    @cached_property
    def claimable(self) -> Statement:
        """The first of many queues on which a claim would find something.

        Each is looked at by itself; a scalar is what the planner cannot turn into a join.
        """
        rows = self.given(["of_queue"])
        free: Query = select(ONE).where(self.is_claimable_on(rows.c.of_queue))
        found = free.order_by(*self.in_claim_order).limit(ONE).correlate(rows).scalar_subquery()
        names: Query = select(rows.c.of_queue).where(found.is_not(None))
        return Statement(self.first(names), ["rows", "now", "most"])

    @cached_property
    def lock_claimable(self) -> Statement:
        """The keys of the first claimable jobs, but for those that others are claiming; locked."""
        free: Query = select(self.tables.jobs.c.key).where(self.is_claimable)
        first = self.first(self._indexed(free, "job_claim").order_by(*self.in_claim_order))
        return Statement(first.with_for_update(skip_locked=True), ["of_queue", "now", "most"])

    @cached_property
    def claim(self) -> Statement:
        """Make jobs active that are locked."""
        _, joined = self._joined(KEY)
        job = self.tables.jobs.c
        claimed = JoinedUpdate(
            joined,
            {
                "status": literal_column(ACTIVE),
                "version": job.version + _ONE_MORE,
                "starts": job.starts + _ONE_MORE,
                "started_at": bindparam("now"),
                "token": bindparam("new_token"),
                "worker": bindparam("new_worker"),
                "lease_expires_at": bindparam("until"),
                "lease_ms": bindparam("length"),
            },
        )
        return Statement(claimed, ["rows", "now", "new_token", "new_worker", "until", "length"])

    @cached_property
    def by_key(self) -> Statement:
        """Jobs by key."""
        return Statement(self._by_key(self.loaded), ["rows"])

    @cached_property
    def by_key_locked(self) -> Statement:
        """Jobs by key, locked in the order in which they are given."""
        return Statement(self._by_key(self.loaded).with_for_update(), ["rows"])

    @cached_property
    def by_key_locked_bare(self) -> Statement:
        """The same jobs, without what may be large."""
        return Statement(self._by_key(self.bare).with_for_update(), ["rows"])

    def _by_key(self, columns: Sequence[ColumnElement[Any]]) -> Query:
        _, joined = self._joined(KEY)
        return select(*columns).select_from(joined)

    @cached_property
    def keys_by_ref(self) -> Statement:
        """The keys of jobs by queue and id."""
        return Statement(self._by_refs(self.tables.jobs.c.key), ["rows"])

    @cached_property
    def peek(self) -> Statement:
        """Jobs by queue and id."""
        return Statement(self._by_refs(*self.loaded), ["rows"])

    def _by_refs(self, *columns: ColumnElement[Any]) -> Query:
        rows, jobs = self.given(REF), self.tables.jobs
        same = (jobs.c.id == rows.c.of_id) & (jobs.c.queue == rows.c.of_queue)
        joined = StraightJoin(rows, jobs, same, f"{self.tables.prefix}job_id")
        return select(*columns).select_from(joined)

    @cached_property
    def lock_leases(self) -> Statement:
        """Runs under way by key, but for those of jobs that are locked just now; locked.

        A handler's own transaction may hold such a lock for long.
        """
        _, joined = self._joined(KEY)
        job = self.tables.jobs.c
        held: Query = select(job.key, job.token, job.cancel_requested_at).select_from(joined)
        return Statement(held.where(self.is_in(ACTIVE)).with_for_update(skip_locked=True), ["rows"])

    @cached_property
    def renew(self) -> Statement:
        """Prolong leases of jobs that are locked."""
        _, joined = self._joined(KEY)
        renewed = JoinedUpdate(joined, {"lease_expires_at": bindparam("until")})
        return Statement(renewed, ["rows", "until"])

    @cached_property
    def remove(self) -> Statement:
        """Delete jobs by key."""
        _, joined = self._joined(KEY)
        return Statement(JoinedDelete(joined), ["rows"])

    @cached_property
    def remove_logs(self) -> Statement:
        """Delete the logs of jobs by key."""
        rows, logs = self.given(KEY), self.tables.logs
        joined = StraightJoin(rows, logs, logs.c.job_key == rows.c.of_key)
        return Statement(JoinedDelete(joined), ["rows"])

    @cached_property
    def register_queue(self) -> Statement:
        """Write a queue unless it is there and known."""
        queues = self.tables.queues
        new = mysql.insert(queues).values(
            name=bindparam("of_name"), paused=literal_column("0"), turn=literal_column("0")
        )
        # One after the other: whether it is forgotten is asked before that changes.
        is_forgotten = queues.c.turn == literal_column(str(FORGOTTEN))
        drained_at = func.IF(is_forgotten, null(), queues.c.drained_at)
        turn = func.IF(is_forgotten, new.inserted.turn, queues.c.turn)
        known_again = new.on_duplicate_key_update([("drained_at", drained_at), ("turn", turn)])
        return Statement(known_again, ["of_name"])

    @cached_property
    def save_queue(self) -> Statement:
        """Write a queue, whether it is there or not."""
        names = QUEUE
        new = mysql.insert(self.tables.queues).values(
            {name: bindparam("new_" + name) for name in names}
        )
        saved = new.on_duplicate_key_update({name: new.inserted[name] for name in names[1:]})
        return Statement(saved, ["new_" + name for name in names])

    @cached_property
    def next_event_ids(self) -> Statement:
        """The ids of the events behind an id."""
        id_ = self.tables.events.c.id
        ids: Query = select(id_).where(id_ > bindparam("after_id")).order_by(id_)
        return Statement(self.first(ids), ["after_id", "most"])

    @cached_property
    def count_events(self) -> Statement:
        """The newest event behind an id, and how many are in sight behind it."""
        id_ = self.tables.events.c.id
        seen: Query = select(func.max(id_), func.count()).where(id_ > bindparam("after_id"))
        return Statement(seen, ["after_id"])

    @cached_property
    def count_events_on(self) -> Statement:
        """Write an event with this id, to be dropped again."""
        nothing: ColumnElement[Any] = literal_column("0")
        new = self.tables.events.insert().values(id=bindparam("id"), at=nothing, type=nothing)
        return Statement(new, ["id"])

    @cached_property
    def drop_event(self) -> Statement:
        """Delete the event with this id."""
        events = self.tables.events
        return Statement(delete(events).where(events.c.id == bindparam("of_event")), ["of_event"])

    @cached_property
    def old_event(self) -> Statement:
        """The id of the newest event that is older, by so much, than the newest of all."""
        event = self.tables.events.c
        newest = select(event.at).order_by(event.id.desc()).limit(_ONE_MORE).scalar_subquery()
        old: Query = select(event.id).where(event.at < newest - bindparam("by", type_=BigInteger()))
        return Statement(old.order_by(event.id.desc()).limit(_ONE_MORE), ["by"])
