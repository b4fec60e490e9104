"""How an engine reads and writes jobs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from .....core.domain.job.identity import JobRef
from ..sql_connection import SqlConnection
from ..statement import Row, Statement

Ref = tuple[str, str]
"""Queue and id of a job."""


class JobDialect(Protocol):
    """Many jobs at once, and their locks.

    Rows are tuples in the order of the columns that `rows` names. Where an engine locks rows it
    locks them in the order of their keys, so that two units cannot wait for each other.
    """

    def insert(
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

    @property
    def counts(self) -> Statement | None:
        """Queue, status and number of all jobs; None where queues are better asked one by one."""
        return None
