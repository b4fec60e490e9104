"""What each engine says in its own way, and the statements that all of them share."""

from __future__ import annotations

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
from .sequences import Sequences
from .syntax import SqlSyntax


class Statements:
    """The statements of each aggregate: an engine's own for some, the common ones for the rest."""

    def __init__(
        self,
        syntax: SqlSyntax,
        *,
        jobs: JobStatements,
        claims: ClaimStatements,
        events: EventStatements,
        calendar: CalendarStatements | None = None,
    ) -> None:
        self.jobs = jobs
        self.claims = claims
        self.events = events
        self.calendar = calendar or CalendarStatements(syntax)
        self.logs = LogStatements(syntax)
        self.queues = QueueStatements(syntax)
        self.meta = MetaStatements(syntax)


class SqlDialect:
    """How one engine is spoken to.

    `syntax` spells what statements are made of. What needs several statements, or other ones on
    each engine, has a dialect of its own: many rows at once, locks, the order of event ids.
    """

    def __init__(
        self,
        *,
        syntax: SqlSyntax,
        statements: Statements,
        sequences: Sequences,
        jobs: JobDialect,
        claims: ClaimDialect,
        events: EventDialect,
    ) -> None:
        self.syntax = syntax
        self.tables = syntax.tables
        self.statements = statements
        self.sequences = sequences
        self.jobs = jobs
        self.claims = claims
        self.events = events
