"""Log lines in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from ....core.ports.job_logs import JobLogs, LogLine, NewLine
from .tables import Log, MemoryTables


@attrs.frozen(eq=False)
class MemoryJobLogs(JobLogs):
    """Lines by the key of their job."""

    tables: MemoryTables
    now: datetime

    def append(self, lines: Sequence[NewLine]) -> list[int | None]:
        return [self._append(line) for line in lines]

    def read(self, key: int, *, limit: int) -> list[LogLine]:
        log = self.tables.logs.get(key, Log())
        return list(log.lines[-limit:]) if limit else []

    def clear(self, key: int, *, keep: int) -> int:
        log = self.tables.logs.get(key, Log())
        kept = log.lines[-keep:] if keep else ()
        self.tables.put_log(key, Log(kept))
        return len(log.lines) - len(kept)

    def _append(self, line: NewLine) -> int | None:
        job = self.tables.jobs.get(line.held.key)
        if job is None or not job.holds(line.held.token):
            return None
        log = self.tables.logs.get(job.key, Log())
        number = log.lines[-1].number + 1 if log.lines else 1
        lines = (*log.lines, LogLine(number, self.now, line.text))
        kept = lines[-line.keep :] if line.keep else ()
        self.tables.put_log(job.key, Log(kept))
        return len(kept)
