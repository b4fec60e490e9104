"""What every concern of a job's life is made of; the only module that assigns a status."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...events import Event, EventType
from .. import failure
from ..failure import ErrorInfo, Failure, kept
from ..record import JobRecord
from ..status import JobStatus
from ..transitions import Verb, ensure_reachable


class JobLife(JobRecord):
    """Moves a job by the table of `transitions`, and tells of it."""

    __slots__ = ()

    def _move(self, verb: Verb, target: JobStatus) -> None:
        ensure_reachable(verb, self.id, self.status, target)
        self.status = target

    def _event(self, kind: EventType, at: datetime, data: Mapping[str, Any] | None = None) -> Event:
        return Event(kind, at, self.queue, self.id, data)

    def _delayed(self, now: datetime) -> Event:
        at = self.run_at.isoformat(timespec="milliseconds") if self.run_at else None
        return self._event(EventType.DELAYED, now, {"run_at": at})

    def _delay(self, verb: Verb, at: datetime, now: datetime) -> tuple[Event, ...]:
        self._move(verb, JobStatus.DELAYED)
        self.run_at = at
        return (self._delayed(now),)

    def _leave_run(self, releases: int = 0) -> None:
        self.lease = None
        self.lapses_at = self.policy.deadline
        self.put_offs, self.releases = 0, releases

    def _record(self, error: ErrorInfo, now: datetime) -> Event:
        entry = Failure(error.type, error.message, error.traceback, self.attempts_made, now)
        self.failures = kept(self.failures, entry)
        attempt = {"attempt": self.attempts_made, "reason": entry.reason}
        return self._event(EventType.FAILED, now, attempt)

    def _finish(self, now: datetime) -> None:
        self.lease = None
        self.run_at = self.lapses_at = None
        self.finished_at = now
        self.purge_at = self.keep.purge_at(now)

    def _end_flagged(self, verb: Verb, now: datetime) -> tuple[Event, ...]:
        self._move(verb, JobStatus.CANCELLED)
        self._finish(now)
        return (self._event(EventType.CANCELLED, now, {"reason": self.reason}),)

    def _exhaust(self, verb: Verb, now: datetime) -> tuple[Event, ...]:
        self._move(verb, JobStatus.FAILED)
        self._finish(now)
        return (self._event(EventType.EXHAUSTED, now, {"reason": self.reason}),)

    def _fail_for_good(
        self, verb: Verb, kind: str, message: str, now: datetime
    ) -> tuple[Event, ...]:
        entry = Failure(kind, message, "", self.attempts_made, now)
        self.failures = kept(self.failures, entry)
        return self._exhaust(verb, now)

    def _fail_out_of_starts(self, verb: Verb, now: datetime) -> tuple[Event, ...]:
        message = f"it was started {self.starts} times without an end"
        return self._fail_for_good(verb, failure.TOO_MANY_STARTS, message, now)
