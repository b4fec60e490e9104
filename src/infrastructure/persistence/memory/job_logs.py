"""Log lines in memory."""

from __future__ import annotations

import attrs

from ....core.ports.job_logs import JobLogs, LogLine
from .tables import Log, MemoryTables


@attrs.frozen(eq=False)
class MemoryJobLogs(JobLogs):
    """Lines by the key of their job."""

    tables: MemoryTables

    def read(self, key: int, *, limit: int) -> list[LogLine]:
        log = self.tables.logs.get(key, Log())
        return list(log.lines[-limit:]) if limit else []

    def clear(self, key: int, *, keep: int) -> int:
        log = self.tables.logs.get(key, Log())
        kept = log.lines[-keep:] if keep else ()
        self.tables.put_log(key, Log(kept))
        return len(log.lines) - len(kept)
