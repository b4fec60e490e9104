"""Log lines in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from .....core.ports.job_logs import (
    JobLogs,
    LogLine,
    NewLine,
)
from ..sql_connection import SqlConnection
from ..times import moment, to_ms
from .statements import LogStatements


@attrs.frozen(eq=False)
class SqlJobLogs(JobLogs):
    """Lines as rows under their job's key."""

    sql: SqlConnection
    now: datetime

    @property
    def _statements(self) -> LogStatements:
        return self.sql.dialect.statements.logs

    def append(self, lines: Sequence[NewLine]) -> list[int | None]:
        return [self._append(line) for line in lines]

    def read(self, key: int, *, limit: int) -> list[LogLine]:
        rows = self.sql.rows(self._statements.newest_lines, (key, limit))
        return [LogLine(number, moment(at), text) for number, at, text in reversed(rows)]

    def clear(self, key: int, *, keep: int) -> int:
        """The numbering goes on where it was, unless no line stays."""
        return self.sql.write(self._statements.drop_lines, (key, self._last(key) - keep))

    def _append(self, line: NewLine) -> int | None:
        held = line.held
        if not self.sql.rows(self.sql.dialect.statements.claims.held, (held.key, held.token)):
            return None
        number = self._last(held.key) + 1
        row = (held.key, number, to_ms(self.now), line.text)
        self.sql.write(self._statements.append_line, row)
        self.sql.write(self._statements.drop_lines, (held.key, number - line.keep))
        return int(self.sql.rows(self._statements.count_lines, (held.key,))[0][0])

    def _last(self, key: int) -> int:
        return int(self.sql.rows(self._statements.last_line, (key,))[0][0] or 0)
