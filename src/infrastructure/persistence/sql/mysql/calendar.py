"""Jobs by time as MariaDB and MySQL find them."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.sql import ColumnElement

from ..calendar.statements import CalendarStatements
from ..statement import Query, Statement
from ..syntax import ONE


class MysqlCalendarStatements(CalendarStatements):
    """The least of a column is the head of its index; a minimum would read all of them."""

    def _least(
        self, index: str, at: ColumnElement[int], *conditions: ColumnElement[bool]
    ) -> Statement:
        first: Query = select(at).where(at > bindparam("after"), *conditions)
        head = self._by_index(index, first.order_by(at).limit(ONE))
        return Statement(select(head.scalar_subquery()), ["after"])
