"""What a snapshot on a server shows of the log of events."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, bindparam, func, select

from .....core.domain.id_runs import IdRun
from ....cached_property import cached_property
from ..events.statements import EventStatements
from ..sql_connection import SqlConnection
from ..statement import Query, Statement
from ..syntax import ONE
from .passed_over import runs_between


class ServerEventStatements(EventStatements):
    """Which ids are in sight: where transactions are side by side, some come to light late."""

    @cached_property
    def next_event_ids(self) -> Statement:
        """The ids of the events behind an id."""
        id_ = self.tables.events.c.id
        ids: Query = select(id_).where(id_ > bindparam("after_id")).order_by(id_)
        return Statement(self.syntax.first(ids), ["after_id", "most"])

    @cached_property
    def old_event(self) -> Statement:
        """The id of the newest event that is older, by so much, than the newest of all."""
        event = self.tables.events.c
        newest = select(event.at).order_by(event.id.desc()).limit(ONE).scalar_subquery()
        old: Query = select(event.id).where(event.at < newest - bindparam("by", type_=BigInteger()))
        return Statement(old.order_by(event.id.desc()).limit(ONE), ["by"])

    @cached_property
    def ids_around_gaps(self) -> Statement:
        """Ids of events, with the one in sight before each, where that is not the next lower one.

        Parameters: after, and the last id to look at. The first id comes without one before it.
        """
        id_ = self.tables.events.c.id
        pairs = select(func.lag(id_).over(order_by=id_).label("lower"), id_.label("higher"))
        within = pairs.where(id_ > bindparam("after_id"), id_ <= bindparam("last_id")).subquery()
        lower, higher = within.c.lower, within.c.higher
        gaps: Query = select(lower, higher).where(lower.is_(None) | (higher - lower > ONE))
        return Statement(gaps.order_by(higher), ["after_id", "last_id"])


class InSight:
    """What one snapshot shows of the log, asked for as far as it is needed."""

    def __init__(self, sql: SqlConnection, statements: ServerEventStatements) -> None:
        self.sql = sql
        self.statements = statements

    def ids_behind(self, after: int, most: int) -> Sequence[int]:
        """The next ids behind one."""
        return [row[0] for row in self.sql.rows(self.statements.next_event_ids, (after, most))]

    def older(self, seconds: float) -> int:
        """The newest event that is older, by so many seconds, than the newest of all; else 0."""
        rows = self.sql.rows(self.statements.old_event, (int(seconds * 1000),))
        return int(rows[0][0]) if rows else 0

    def missing(self, after: int, up_to: int) -> Sequence[IdRun]:
        """The ids that are not in sight behind one, up to another that is."""
        return runs_between(self.sql.rows(self.statements.ids_around_gaps, (after, up_to)), after)
