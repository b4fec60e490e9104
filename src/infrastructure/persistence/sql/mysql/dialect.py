"""How MariaDB and MySQL are spoken to."""

from __future__ import annotations

import attrs

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


@attrs.frozen(eq=False, kw_only=True)
class MysqlDialect(SqlDialect):
    """With what the driver and the connections of the engine ask of it besides."""

    events: MysqlEvents
    packet: Packet


def dialect_of(tables: MysqlTables, written: AskWritten) -> MysqlDialect:
    """The dialect for these tables; `written` asks which events are not committed."""
    syntax, sequences, packet = MysqlSyntax(tables), sequences_of(tables), Packet()
    events = MysqlEvents(MysqlEventStatements(syntax), written)
    jobs = MysqlJobs(MysqlJobStatements(syntax), sequences, events, packet)
    claims = MysqlClaims(MysqlClaimStatements(syntax), jobs.statements)
    statements = Statements.over(
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
        packet=packet,
    )
