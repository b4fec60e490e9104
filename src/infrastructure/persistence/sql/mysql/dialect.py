"""How MariaDB and MySQL are spoken to."""

from __future__ import annotations

from ..dialect import SqlDialect, Statements
from .calendar import MysqlCalendarStatements
from .claims import MysqlClaims, MysqlClaimStatements
from .events import MysqlEvents, MysqlEventStatements
from .horizon import AskWritten
from .job_statements import MysqlJobStatements
from .jobs import MysqlJobs
from .packet import Packet
from .schema import MysqlTables
from .sequences import sequences_of
from .syntax import MysqlSyntax


class MysqlDialect(SqlDialect):
    """With what the driver and the connections of the engine ask of it besides."""

    jobs: MysqlJobs
    events: MysqlEvents

    @property
    def packet(self) -> Packet:
        """How long a statement may be."""
        return self.jobs.packet


def dialect_of(tables: MysqlTables, written: AskWritten) -> MysqlDialect:
    """The dialect for these tables; `written` asks which events are not committed."""
    syntax, sequences = MysqlSyntax(tables), sequences_of(tables)
    events = MysqlEvents(MysqlEventStatements(syntax), written)
    jobs = MysqlJobs(MysqlJobStatements(syntax), sequences, events, Packet())
    claims = MysqlClaims(MysqlClaimStatements(syntax), jobs.statements)
    statements = Statements(
        syntax,
        jobs=jobs.statements,
        claims=claims.statements,
        events=events.statements,
        calendar=MysqlCalendarStatements(syntax),
    )
    return MysqlDialect(
        syntax=syntax,
        statements=statements,
        sequences=sequences,
        jobs=jobs,
        claims=claims,
        events=events,
    )
