"""What every handler is given beside its data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ....domain.errors import InvalidOption
from ....domain.job.failure import storable
from ....domain.job.identity import JobRef
from ....domain.job.job import Job
from ....domain.job.outcome import Complete
from ....ports.lease_repository import Held
from ....ports.run_journal import NewLine
from ...use_cases.report import LogReport, ProgressReport
from ...use_cases.settle import Settlement
from .patience import Patience

if TYPE_CHECKING:
    from .run_dependencies import RunDependencies


class BaseContext:
    """The facts of one run.

    `attempt` counts from 1; `idempotency_key` is the same for every run of the job, for
    side effects that must not happen twice.
    """

    def __init__(self, job: Job, data: Any, tools: RunDependencies) -> None:
        self._job = job
        self._tools = tools
        self._state = job.state
        self._progress: float | None = None
        self._is_over = False
        self.data = data

    @property
    def id(self) -> str:
        """The job's id."""
        return self._job.id

    @property
    def queue(self) -> str:
        """Its queue."""
        return self._job.queue

    @property
    def name(self) -> str:
        """Its name."""
        return self._job.name

    @property
    def ref(self) -> JobRef:
        """(queue, id)."""
        return self._job.ref

    @property
    def idempotency_key(self) -> str:
        """The same for every run of this job, and for no other job."""
        return f"{self._job.queue}/{self._job.id}"

    @property
    def attempt(self) -> int:
        """Which attempt this run is."""
        return self._job.attempts_made + 1

    @property
    def max_attempts(self) -> int:
        """How many attempts there may be."""
        return self._job.policy.retry.max_attempts

    @property
    def starts(self) -> int:
        """How many runs have begun, this one included."""
        return self._job.starts

    @property
    def crashes(self) -> int:
        """How many runs have lost their worker."""
        return self._job.crashes

    @property
    def priority(self) -> int:
        """Its priority."""
        return self._job.priority

    @property
    def created_at(self) -> datetime:
        """When it was added."""
        return self._job.created_at

    @property
    def deadline(self) -> datetime | None:
        """The moment after which no attempt starts."""
        return self._job.policy.deadline

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return self._job.labels.tags

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Its metadata."""
        return self._job.labels.metadata

    @property
    def trace_context(self) -> Mapping[str, str]:
        """The tracing headers it was added with."""
        return self._job.labels.trace_context

    @property
    def state(self) -> Any:
        """What an earlier run saved, or this one; None before."""
        return None if self._state is None else self._tools.codec.decode(self._state)

    @property
    def _held(self) -> Held:
        return Held(self._job.key, self._job.token or "")

    def end(self) -> None:
        """The run is over: what it still writes waits for nothing."""
        self._is_over = True

    @property
    def _patience(self) -> Patience:
        return Patience(self._tools, lambda: self._is_over)

    def _encoded(self, value: Any, field: str) -> str:
        limit = self._job.policy.max_payload
        return self._tools.codec.encode(value, field=field, limit=limit)

    def _report(self, value: Any) -> ProgressReport | None:
        """The value as it is now; None for a number smaller than one before."""
        text = self._encoded(value, "progress")
        if isinstance(value, int | float) and not isinstance(value, bool):
            if self._progress is not None and value < self._progress:
                return None
            self._progress = value
        return ProgressReport(self.ref, self._held, text, self._tools.codec.decode(text))

    def _line(self, line: str) -> LogReport:
        text = storable(_text(line))
        return LogReport(self.ref, NewLine(self._held, text, self._job.policy.keep_logs))

    def _completion(self, result: Any) -> Settlement:
        outcome = Complete(self._encoded(result, "result"))
        return Settlement(self._job, self._held.token, outcome)


def _text(line: object) -> str:
    try:
        return str(line)
    except Exception as error:  # `str` of what is no string may raise anything
        raise InvalidOption("line", f"this {type(line).__name__} has no text") from error
