"""What runs write about themselves, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from ....core.domain.job.job import Job
from ....core.ports.job_logs import LogLine
from ....core.ports.lease_repository import Held
from ....core.ports.run_journal import NewLine, RunJournal
from .tables import Log, MemoryTables


@attrs.frozen(eq=False)
class MemoryRunJournal(RunJournal):
    """Fields of the job, and its log."""

    tables: MemoryTables
    now: datetime

    def write_progress(self, reports: Sequence[tuple[Held, str]]) -> list[bool]:
        return [self._write_progress(held, text) for held, text in reports]

    def write_state(self, held: Held, state: str) -> bool:
        def write(job: Job) -> None:
            job.state = state

        return self.tables.change_held(held, write)

    def write_lines(self, lines: Sequence[NewLine]) -> list[int | None]:
        return [self._write_line(line) for line in lines]

    def _write_progress(self, held: Held, text: str) -> bool:
        def write(job: Job) -> None:
            job.progress = text

        return self.tables.change_held(held, write)

    def _write_line(self, line: NewLine) -> int | None:
        job = self.tables.jobs.get(line.held.key)
        if job is None or not job.holds(line.held.token):
            return None
        log = self.tables.logs.get(job.key, Log())
        number = log.lines[-1].number + 1 if log.lines else 1
        lines = (*log.lines, LogLine(number, self.now, line.text))
        kept = lines[-line.keep :] if line.keep else ()
        self.tables.put_log(job.key, Log(kept))
        return len(kept)
