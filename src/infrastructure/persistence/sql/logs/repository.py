"""Log lines in SQL."""

from __future__ import annotations

import attrs

from .....core.ports.job_logs import JobLogs, LogLine
from ..sql_connection import SqlConnection
from ..times import moment
from .statements import LogStatements


@attrs.frozen(eq=False)
class SqlJobLogs(JobLogs):
    """Lines as rows under their job's key."""

    sql: SqlConnection

    @property
    def _statements(self) -> LogStatements:
        return self.sql.dialect.statements.logs

    def read(self, key: int, *, limit: int) -> list[LogLine]:
        rows = self.sql.rows(self._statements.newest_lines, (key, limit))
        return [LogLine(number, moment(at), text) for number, at, text in reversed(rows)]

    def clear(self, key: int, *, keep: int) -> int:
        """The numbering goes on where it was, unless no line stays."""
        return self.sql.write(self._statements.drop_lines, (key, last_line(self.sql, key) - keep))


def last_line(sql: SqlConnection, key: int) -> int:
    """The number of a job's newest line, 0 where it has none."""
    return int(sql.rows(sql.dialect.statements.logs.last_line, (key,))[0][0] or 0)
