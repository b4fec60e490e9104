"""What each engine says in its own way, and the statements that all of them share."""

from __future__ import annotations

from typing import Self

import attrs

from .calendar.statements import CalendarStatements
from .claims.dialect import ClaimDialect
from .claims.statements import ClaimStatements
from .events.dialect import EventDialect
from .events.statements import EventStatements
from .jobs.dialect import JobDialect
from .jobs.statements import JobStatements
from .logs.statements import LogStatements
from .meta.statements import MetaStatements
from .queues.statements import QueueStatements
from .schema import Tables
from .sequences import Sequences
from .syntax import SqlSyntax


@attrs.frozen(eq=False)
class Statements:
    """The statements of each aggregate, as one engine has them."""

    jobs: JobStatements
    claims: ClaimStatements
    calendar: CalendarStatements
    events: EventStatements
    logs: LogStatements
    queues: QueueStatements
    meta: MetaStatements

    @classmethod
    def over(
        cls,
        syntax: SqlSyntax,
        *,
        jobs: JobStatements,
        claims: ClaimStatements,
        events: EventStatements,
        calendar: CalendarStatements | None = None,
    ) -> Self:
        """Those of an engine: its own for some, the common ones for the rest."""
        return cls(
            jobs=jobs,
            claims=claims,
            events=events,
            calendar=calendar or CalendarStatements(syntax),
            logs=LogStatements(syntax),
            queues=QueueStatements(syntax),
            meta=MetaStatements(syntax),
        )


@attrs.frozen(eq=False, kw_only=True)
class SqlDialect:
    """How one engine is spoken to.

    `syntax` spells what statements are made of. What needs several statements, or other ones on
    each engine, has a dialect of its own: many rows at once, locks, the order of event ids.
    """

    syntax: SqlSyntax
    statements: Statements
    sequences: Sequences
    jobs: JobDialect
    claims: ClaimDialect
    events: EventDialect

    @property
    def tables(self) -> Tables:
        """The tables it speaks of."""
        return self.syntax.tables
