"""The statements about jobs by time as MariaDB and MySQL need them: by the index that is named."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.sql import ColumnElement

from ..conditions import ONE, Query
from ..statement import Statement
from ..statements import Statements


class MysqlCalendarStatements(Statements):
    """Left alone, the planner may read a whole table where most rows are NULL."""

    def _indexed(self, query: Query, index: str) -> Query:
        """A query of jobs by this index, whatever the planner thinks of it."""
        hint = f"FORCE INDEX ({self.tables.prefix}{index})"
        return query.with_hint(self.tables.jobs, hint)

    def _locked(self, query: Query, at: ColumnElement[Any]) -> Query:
        indexed = self._indexed(query, self._index_of(at))
        return self.first(indexed).with_for_update(skip_locked=True)

    def _by_index(self, query: Query) -> Query:
        return self._indexed(query, "job_lease")

    @property
    def _settled(self) -> Query:
        return self._indexed(super()._settled, "job_finished")

    def _least(self, at: ColumnElement[int], *conditions: ColumnElement[bool]) -> Statement:
        first: Query = select(at).where(at > bindparam("after"), *conditions)
        head = self._indexed(first.order_by(at).limit(ONE), self._index_of(at))
        return Statement(select(head.scalar_subquery()), ["after"])

    def _index_of(self, at: ColumnElement[Any]) -> str:
        """The index that begins with this column."""
        return {
            "run_at": "job_due",
            "lapses_at": "job_lapse",
            "lease_expires_at": "job_lease",
            "purge_at": "job_purge",
        }[str(at.key)]
