"""The statements about jobs by time: each is the head of an index of its own."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, cast, func, literal_column, select
from sqlalchemy.sql import ColumnElement

from .....core.domain.job import defaults
from ....cached_property import cached_property
from ..jobs.selecting import bare, is_among, is_in
from ..jobs.statuses import ACTIVE, DELAYED, TERMINAL_LIST, UNSTARTED_LIST
from ..statement import Query, Statement
from ..syntax import ONE, SqlSyntax
from ..times import whole_ms

_USUAL: Final[ColumnElement[int]] = literal_column(str(whole_ms(defaults.LEASE)))
"""The length of a lease that was written before leases had one."""


DUE: Final = "job_due"
LAPSE: Final = "job_lapse"
LEASE: Final = "job_lease"
PURGE: Final = "job_purge"
FINISHED: Final = "job_finished"


class CalendarStatements:
    """What is due, what has ended, and what comes next."""

    def __init__(self, syntax: SqlSyntax) -> None:
        self.syntax = syntax
        self.tables = syntax.tables
        self.bare = bare(syntax.tables)

    @cached_property
    def due(self) -> Statement:
        """Delayed jobs to promote."""
        job = self.tables.jobs.c
        return self._ripe(DUE, job.run_at, job.sequence, is_in(self.tables, DELAYED))

    @cached_property
    def lapsed(self) -> Statement:
        """Jobs that did not start in time."""
        job = self.tables.jobs.c
        unstarted = is_among(self.tables, UNSTARTED_LIST)
        return self._ripe(LAPSE, job.lapses_at, job.key, unstarted, job.lapses_at.is_not(None))

    @cached_property
    def purgeable(self) -> Statement:
        """Settled jobs that were kept long enough."""
        job = self.tables.jobs.c
        return self._ripe(PURGE, job.purge_at, job.key, job.purge_at.is_not(None))

    def _ripe(
        self,
        index: str,
        at: ColumnElement[Any],
        tie: ColumnElement[Any],
        *conditions: ColumnElement[bool],
    ) -> Statement:
        """The jobs whose time `at` has come; locked, but for those that others are busy with."""
        ripe: Query = select(*self.bare).where(*conditions, at <= bindparam("now"))
        return Statement(self._locked(index, ripe.order_by(at, tie)), ["now", "most"])

    @cached_property
    def expired(self) -> Statement:
        """Active jobs whose lease has ended and is no longer than `longest`; locked."""
        job = self.tables.jobs.c
        ended = job.lease_expires_at <= bindparam("now")
        found = self._leased(ended).order_by(job.lease_expires_at, job.key)
        return Statement(self._locked(LEASE, found), ["now", "longest", "most"])

    @cached_property
    def beyond(self) -> Statement:
        """Active jobs whose lease ends more than its length after `now`; locked."""
        job = self.tables.jobs.c
        is_later = job.lease_expires_at > bindparam("now")
        is_beyond = job.lease_expires_at - self._length > bindparam("now")
        last = job.lease_expires_at.desc(), job.key.desc()
        found = self._leased(is_later & is_beyond).order_by(*last)
        return Statement(self._locked(LEASE, found), ["now", "longest", "most"])

    def _leased(self, condition: ColumnElement[bool]) -> Query:
        is_short = self._length <= bindparam("longest")
        return select(*self.bare).where(is_in(self.tables, ACTIVE), condition, is_short)

    @property
    def _length(self) -> ColumnElement[int]:
        return func.coalesce(cast(self.tables.jobs.c.lease_ms, BigInteger), _USUAL)

    def _locked(self, index: str, query: Query) -> Query:
        """The first rows of a query by an index, but for those that others have locked."""
        first = self.syntax.first(self._by_index(index, query))
        return self.syntax.locked(first, passes_over=True)

    def _by_index(self, index: str, query: Query) -> Query:
        return self.syntax.by_index(query, self.tables.jobs, index)

    @cached_property
    def next(self) -> tuple[Statement, ...]:
        """The earliest moments after one of due, lapsed and purgeable jobs."""
        job = self.tables.jobs.c
        return (
            self._least(DUE, job.run_at, is_in(self.tables, DELAYED)),
            self._least(LAPSE, job.lapses_at, is_among(self.tables, UNSTARTED_LIST)),
            self._least(PURGE, job.purge_at),
        )

    def _least(
        self, index: str, at: ColumnElement[int], *conditions: ColumnElement[bool]
    ) -> Statement:
        """`IS NOT NULL` spells the condition of a partial index."""
        del index
        later = at > bindparam("after")
        return Statement(select(func.min(at)).where(*conditions, at.is_not(None), later), ["after"])

    @cached_property
    def first_lease(self) -> Statement:
        """When the lease that ends first ends, and its length."""
        job = self.tables.jobs.c
        return self._lease(job.lease_expires_at, job.key)

    @cached_property
    def last_lease(self) -> Statement:
        """When the lease that ends last ends, and its length."""
        job = self.tables.jobs.c
        return self._lease(job.lease_expires_at.desc(), job.key.desc())

    def _lease(self, *order: ColumnElement[Any]) -> Statement:
        job = self.tables.jobs.c
        there = is_in(self.tables, ACTIVE), job.lease_expires_at.is_not(None)
        found: Query = select(job.lease_expires_at, job.lease_ms).where(*there)
        return Statement(self._by_index(LEASE, found.order_by(*order).limit(ONE)), [])

    @cached_property
    def newest_settled(self) -> Statement:
        """The job of a queue and status that was settled last."""
        return Statement(self._settled.limit(ONE), ["of_queue", "of_status"])

    @cached_property
    def surplus(self) -> Statement:
        """Settled jobs of a queue and status, newest first, behind those that are kept; locked."""
        most, kept = self.syntax.bound("most"), self.syntax.bound("kept")
        locked = self.syntax.locked(self._settled.limit(most).offset(kept), passes_over=True)
        return Statement(locked, ["of_queue", "of_status", "most", "kept"])

    @property
    def _settled(self) -> Query:
        job = self.tables.jobs.c
        newest_first = (
            select(*self.bare)
            .where(
                job.queue == bindparam("of_queue"),
                job.status == bindparam("of_status"),
                is_among(self.tables, TERMINAL_LIST),
            )
            .order_by(job.finished_at.desc(), job.key.desc())
        )
        return self._by_index(FINISHED, newest_first)
