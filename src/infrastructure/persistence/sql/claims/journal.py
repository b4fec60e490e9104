"""What runs write about themselves, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from .....core.ports.lease_repository import Held
from .....core.ports.run_journal import NewLine, RunJournal
from ..logs.repository import last_line
from ..sql_connection import SqlConnection
from ..times import to_ms


@attrs.frozen(eq=False)
class SqlRunJournal(RunJournal):
    """Columns of the job's row, and rows of its log."""

    sql: SqlConnection
    now: datetime

    def write_progress(self, reports: Sequence[tuple[Held, str]]) -> list[bool]:
        if not reports:
            return []
        written = self.sql.dialect.claims.record_progress(self.sql, reports)
        return [hold in written for hold, _ in reports]

    def write_state(self, held: Held, state: str) -> bool:
        """Some drivers do not count a row that is as it was."""
        save = self.sql.dialect.statements.claims.save_state
        return self.sql.write(save, (state, held.key, held.token)) == 1 or self._holds(held)

    def write_lines(self, lines: Sequence[NewLine]) -> list[int | None]:
        return [self._write_line(line) for line in lines]

    def _write_line(self, line: NewLine) -> int | None:
        key, statements = line.held.key, self.sql.dialect.statements.logs
        if not self._holds(line.held):
            return None
        number = last_line(self.sql, key) + 1
        self.sql.write(statements.append_line, (key, number, to_ms(self.now), line.text))
        self.sql.write(statements.drop_lines, (key, number - line.keep))
        return int(self.sql.rows(statements.count_lines, (key,))[0][0])

    def _holds(self, held: Held) -> bool:
        return bool(self.sql.rows(self.sql.dialect.statements.claims.held, (held.key, held.token)))
