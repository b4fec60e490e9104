"""How PostgreSQL is spoken to."""

from __future__ import annotations

from ..dialect import SqlDialect, Statements
from .claims import PostgresqlClaims, PostgresqlClaimStatements
from .events import PostgresqlEvents, PostgresqlEventStatements
from .job_statements import PostgresqlJobStatements
from .jobs import PostgresqlJobs
from .schema import PostgresqlTables
from .sequences import SequenceObject
from .syntax import PostgresqlSyntax


class PostgresqlDialect(SqlDialect):
    """With what the transactions of the engine ask of it besides."""

    jobs: PostgresqlJobs
    events: PostgresqlEvents


def dialect_of(tables: PostgresqlTables) -> PostgresqlDialect:
    """The dialect for these tables."""
    syntax = PostgresqlSyntax(tables)
    events = PostgresqlEvents(PostgresqlEventStatements(syntax))
    jobs = PostgresqlJobs(PostgresqlJobStatements(syntax, events.statements), events.statements)
    claims = PostgresqlClaims(PostgresqlClaimStatements(syntax))
    statements = Statements(
        syntax,
        jobs=jobs.statements,
        claims=claims.statements,
        events=events.statements,
    )
    sequences = SequenceObject(tables.sequence)
    return PostgresqlDialect(
        syntax=syntax,
        statements=statements,
        sequences=sequences,
        jobs=jobs,
        claims=claims,
        events=events,
    )
