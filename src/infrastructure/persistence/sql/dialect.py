"""What each engine says in its own way."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol

import attrs
from sqlalchemy.sql import ColumnElement

from ....core.domain.job.identity import JobRef
from ....core.ports.archive import Counters
from ....core.ports.lease_repository import Held
from .events.horizon import Watermark
from .mapping import Row
from .schema import Tables
from .sql_connection import SqlConnection
from .statement import Statement
from .statements import Statements

Ref = tuple[str, str]
"""Queue and id of a job."""


@attrs.frozen
class ClaimValues:
    """A claim as the columns take it; times in milliseconds since the epoch.

    `length` is the lease's, in milliseconds.
    """

    queue: str
    limit: int
    token: str
    worker: str
    now: int
    until: int
    length: int


def one_by_one(sql: SqlConnection, queues: Sequence[str], now: int) -> Iterator[str]:
    """Those of these queues on which a claim would find something, a statement each."""
    found = sql.dialect.statements.has_claimable
    return (name for name in queues if sql.rows(found, (name, now)))


class SqlDialect(Protocol):
    """The operations that engines spell differently: many rows at once, locks, JSON, sequences.

    Rows are tuples in the order of the columns that `mapping` names. Where an engine locks
    rows it locks them in the order of their keys, so that two units cannot wait for each
    other.
    """

    @property
    def tables(self) -> Tables:
        """The tables it speaks of."""
        ...

    @property
    def statements(self) -> Statements:
        """The statements that need no words of its own."""
        ...

    def draw(self, sql: SqlConnection, count: int) -> Sequence[int]:
        """`count` sequences, rising, never given out before."""
        ...

    def last_sequence(self, sql: SqlConnection) -> int:
        """The highest sequence drawn so far."""
        ...

    def raise_counters(self, sql: SqlConnection, counters: Counters) -> None:
        """Let sequences and event ids go on above these; never back.

        Nothing for event ids where the next one is above the highest that is there.
        """
        ...

    def insert_jobs(
        self, sql: SqlConnection, rows: Sequence[Row], events: Sequence[Row], *, are_free: bool
    ) -> Collection[Ref]:
        """Number and write new jobs, and their events; which ids were taken.

        Those jobs are left out, with their events. Free ids are taken only where this very
        unit was run before and its commit not answered, or where the database has skipped their
        rows: one that writes late says so with the commit, and here that none was.
        """
        ...

    def find(
        self, sql: SqlConnection, refs: Collection[JobRef], *, bare: bool = False
    ) -> Sequence[Row]:
        """The jobs that exist, locked; `bare` ones as the repository says."""
        ...

    def peek(self, sql: SqlConnection, refs: Collection[JobRef]) -> Sequence[Row]:
        """The jobs that exist, not locked."""
        ...

    def save(self, sql: SqlConnection, rows: Sequence[Row]) -> Collection[int]:
        """Write `CHANGING` columns of (*values, key, version) rows whose version is still theirs.

        The keys of those that were.
        """
        ...

    def remove(self, sql: SqlConnection, keys: Collection[int]) -> int:
        """Delete jobs and their logs; how many jobs."""
        ...

    def claimable(
        self, sql: SqlConnection, queues: Sequence[str], now: int, most: int
    ) -> list[str]:
        """The first of these queues, at most `most`, on which a claim would find something."""
        return list(islice(one_by_one(sql, queues, now), most))

    @property
    def counts(self) -> Statement | None:
        """Queue, status and number of all jobs; None where queues are better asked one by one."""
        return None

    def claim(self, sql: SqlConnection, claim: ClaimValues) -> Sequence[Row]:
        """Make the first claimable jobs active, and give them in any order."""
        ...

    def renew(
        self, sql: SqlConnection, held: Collection[Held], until: int
    ) -> Mapping[Held, int | None]:
        """Prolong leases; those prolonged, with the time of a cancel request.

        A job that another transaction has locked may be passed over.
        """
        ...

    def record_progress(
        self, sql: SqlConnection, reports: Sequence[tuple[Held, str]]
    ) -> Collection[Held]:
        """Write the progress of runs under way; those for which it was written."""
        ...

    def append_events(self, sql: SqlConnection, rows: Sequence[Row]) -> None:
        """Write events, in order."""
        ...

    def watermark(self, sql: SqlConnection) -> Watermark | None:
        """Up to which id no transaction can add an event any more; None: every id that is seen."""
        ...

    def register_queues(self, sql: SqlConnection, names: Collection[str]) -> None:
        """Write queues that are not there yet, or forgotten."""
        ...

    def save_queue(self, sql: SqlConnection, row: Row) -> None:
        """Write a queue, whether it is there or not."""
        ...

    def contains(self, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        """Whether a column's text contains this one, letter by letter."""
        ...
