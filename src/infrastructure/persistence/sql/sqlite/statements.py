"""The hot statements as SQLite needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Table, bindparam, delete, literal_column, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ColumnElement

from ....cached_property import cached_property
from .. import mapping
from ..conditions import Query
from ..mapping import ACTIVE
from ..queues.rows import FORGOTTEN, QUEUE
from ..statement import BULK, Statement
from ..statements import Statements
from .schema import SqliteTables

Values = dict[str, BindParameter[Any]]
_ONE_MORE: Final[ColumnElement[int]] = literal_column("1")


class SqliteStatements(Statements):
    """One row a statement, or a hundred in an insert: nothing is far away here."""

    tables: SqliteTables

    def bound(self, name: str) -> ColumnElement[int]:
        """A parameter of LIMIT or OFFSET, in a sum: newer SQLite plans anew for a bare one."""
        return super().bound(name) + literal_column("0")

    def first(self, query: Query) -> Query:
        """The first rows; SQLite writes a bare OFFSET parameter where none is given."""
        return super().first(query).offset(literal_column("0"))

    @cached_property
    def draw(self) -> Statement:
        """Count on; the last sequence drawn."""
        row = self.tables.sequences
        counted = (
            update(row)
            .where(row.c.name == literal_column("'job'"))
            .values(value=row.c.value + bindparam("count"))
            .returning(row.c.value)
        )
        return Statement(counted, ["count"])

    @cached_property
    def last_sequence(self) -> Statement:
        """The last sequence drawn."""
        row = self.tables.sequences.c
        return Statement(select(row.value).where(row.name == literal_column("'job'")), [])

    @cached_property
    def count_on(self) -> Statement:
        """Count on to a sequence, unless the last one drawn is behind it."""
        row = self.tables.sequences
        behind = (row.c.name == literal_column("'job'")) & (row.c.value < bindparam("least"))
        return Statement(update(row).where(behind).values(value=bindparam("least")), ["least"])

    @cached_property
    def insert_jobs(self) -> Statement:
        """Write a job unless its id is taken."""
        return _insert(self.tables.jobs, mapping.NEW, on_taken=["id", "queue"])

    @cached_property
    def append_events(self) -> Statement:
        """Write an event."""
        return _insert(self.tables.events, mapping.EVENT)

    @cached_property
    def claim(self) -> Statement:
        """Make the first claimable jobs active; RETURNING gives them in any order."""
        jobs = self.tables.jobs
        first = self.first(
            select(jobs.c.key).where(self.is_claimable).order_by(*self.in_claim_order)
        )
        claimed = (
            update(jobs)
            .where(jobs.c.key.in_(first))
            .values(
                status=literal_column(ACTIVE),
                version=jobs.c.version + _ONE_MORE,
                starts=jobs.c.starts + _ONE_MORE,
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
    def renew(self) -> Statement:
        """Prolong a lease; the time of a cancel request."""
        jobs = self.tables.jobs
        prolonged = update(jobs).where(self.holds).values(lease_expires_at=bindparam("until"))
        told = prolonged.returning(jobs.c.cancel_requested_at)
        return Statement(told, ["until", "of_key", "of_token"])

    @cached_property
    def delete_job(self) -> Statement:
        """Remove a job."""
        jobs = self.tables.jobs
        return Statement(delete(jobs).where(jobs.c.key == bindparam("of_key")), ["of_key"])

    @cached_property
    def delete_logs(self) -> Statement:
        """Remove a job's log."""
        logs = self.tables.logs
        return Statement(delete(logs).where(logs.c.job_key == bindparam("of_key")), ["of_key"])

    @cached_property
    def register_queue(self) -> Statement:
        """Write a queue unless it is there and known."""
        new = sqlite.insert(self.tables.queues).values(
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
        new = sqlite.insert(self.tables.queues).values(
            {name: bindparam("new_" + name) for name in names}
        )
        saved = new.on_conflict_do_update(
            index_elements=["name"], set_={name: new.excluded[name] for name in names[1:]}
        )
        return Statement(saved, ["new_" + name for name in names])


def _insert(table: Table, names: Sequence[str], *, on_taken: Sequence[str] = ()) -> Statement:
    """An insert of one row, or of many at once; a taken unique key leaves its row out."""

    def of(rows: Sequence[Values], parameters: Sequence[str]) -> Statement:
        statement = sqlite.insert(table).values(rows if len(rows) > 1 else rows[0])
        if on_taken:
            statement = statement.on_conflict_do_nothing(index_elements=list(on_taken))
        return Statement(statement, parameters, bulk=bulk if len(rows) == 1 else None)

    def row(suffix: str = "") -> Values:
        return {name: bindparam(name + suffix) for name in names}

    def bulk() -> Statement:
        places = range(BULK)
        parameters = [f"{name}_{place}" for place in places for name in names]
        return of([row(f"_{place}") for place in places], parameters)

    return of([row()], names)
