"""Log lines in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from ....core.ports.job_logs import JobLogs, LogLine, NewLine
from .session import Session
from .statements import Statements
from .times import moment, to_ms


@attrs.frozen(eq=False)
class SqlJobLogs(JobLogs):
    """Lines as rows under their job's key."""

    session: Session
    now: datetime

    @property
    def _says(self) -> Statements:
        return self.session.grammar.statements

    def append(self, lines: Sequence[NewLine]) -> list[int | None]:
        """See the port."""
        return [self._append(line) for line in lines]

    def read(self, key: int, *, limit: int) -> list[LogLine]:
        """See the port."""
        rows = self.session.rows(self._says.newest_lines, (key, limit))
        return [LogLine(number, moment(at), text) for number, at, text in reversed(rows)]

    def clear(self, key: int, *, keep: int) -> int:
        """See the port. The numbering goes on where it was, unless no line stays."""
        return self.session.write(self._says.drop_lines, (key, self._last(key) - keep))

    def _append(self, line: NewLine) -> int | None:
        held = line.held
        if not self.session.rows(self._says.held, (held.key, held.token)):
            return None
        number = self._last(held.key) + 1
        row = (held.key, number, to_ms(self.now), line.text)
        self.session.write(self._says.append_line, row)
        self.session.write(self._says.drop_lines, (held.key, number - line.keep))
        return int(self.session.rows(self._says.count_lines, (held.key,))[0][0])

    def _last(self, key: int) -> int:
        return int(self.session.rows(self._says.last_line, (key,))[0][0] or 0)
