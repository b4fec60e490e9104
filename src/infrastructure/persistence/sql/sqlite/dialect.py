"""How SQLite is spoken to."""

from __future__ import annotations

from typing import Final

from ..dialect import SqlDialect, Statements
from .claims import SqliteClaims, SqliteClaimStatements
from .events import SqliteEvents, SqliteEventStatements
from .jobs import SqliteJobs, SqliteJobStatements
from .schema import TABLES
from .sequences import SequenceRow
from .syntax import SqliteSyntax


def _dialect() -> SqlDialect:
    syntax, sequences = SqliteSyntax(TABLES), SequenceRow(TABLES.sequences)
    events = SqliteEvents(SqliteEventStatements(syntax))
    jobs = SqliteJobs(SqliteJobStatements(syntax), sequences, events)
    claims = SqliteClaims(SqliteClaimStatements(syntax))
    statements = Statements(
        syntax,
        jobs=jobs.statements,
        claims=claims.statements,
        events=events.statements,
    )
    return SqlDialect(
        syntax=syntax,
        statements=statements,
        sequences=sequences,
        jobs=jobs,
        claims=claims,
        events=events,
    )


SQLITE: Final = _dialect()
"""The one dialect of all SQLite connections; its statements are compiled once."""
