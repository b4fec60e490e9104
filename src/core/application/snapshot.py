"""A job as people see it: values, at the moment it was read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..domain.errors import JobUnreadable
from ..domain.job.failure import Failure
from ..domain.job.identity import JobRef
from ..domain.job.job import Job
from ..domain.job.status import JobStatus
from ..domain.job.unreadable import UnreadableJob, ensure_readable
from ..ports.codec import Codec


class JobSnapshot:
    """The fields of a job when it was last read; `refresh` of a handle reads it again.

    Times are aware UTC datetimes, JSON values are decoded anew on each access. What this
    version cannot read of a stored job raises `JobUnreadable` when it is asked for; the rest
    is there.
    """

    __slots__ = ("_codec", "_is_new", "_job")

    def __init__(self, job: Job, codec: Codec, *, is_new: bool = False) -> None:
        self._job = job
        self._codec = codec
        self._is_new = is_new

    @property
    def ref(self) -> JobRef:
        """(queue, id)."""
        return self._job.ref

    @property
    def id(self) -> str:
        """The id, unique in its queue."""
        return self._job.id

    @property
    def queue(self) -> str:
        """The queue's name."""
        return self._job.queue

    @property
    def name(self) -> str:
        """The name that says which handler runs it."""
        return self._job.name

    @property
    def is_new(self) -> bool:
        """Whether the `add` that gave this handle added it, rather than found it there."""
        return self._is_new

    @property
    def unreadable(self) -> tuple[str, ...]:
        """The columns of the stored job that cannot be read: none, as a rule.

        Data, state, progress and result are not looked at before they are asked for.
        """
        return tuple(self._job.stored) if isinstance(self._job, UnreadableJob) else ()

    @property
    def status(self) -> JobStatus:
        """Where it stands."""
        return self._known("status").status

    @property
    def data(self) -> Any:
        """The input."""
        return decoded(self._job, "data", self._codec)

    @property
    def state(self) -> Any:
        """What the handler saved with `save_state`, None before."""
        return decoded(self._job, "state", self._codec)

    @property
    def progress(self) -> Any:
        """What the handler reported last, None before."""
        return decoded(self._job, "progress", self._codec)

    @property
    def return_value(self) -> Any:
        """The result of a completed job, None for others."""
        return decoded(self._job, "result", self._codec)

    @property
    def priority(self) -> int:
        """Higher is more urgent."""
        return self._known("priority").priority

    @property
    def attempts_made(self) -> int:
        """Runs that ended by completing or failing."""
        return self._known("attempts_made").attempts_made

    @property
    def max_attempts(self) -> int:
        """Total runs it may have."""
        return self._known("policy").policy.retry.max_attempts

    @property
    def starts(self) -> int:
        """Runs that began, but for those given back."""
        return self._known("starts").starts

    @property
    def crashes(self) -> int:
        """Runs whose worker was lost."""
        return self._known("crashes").crashes

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The newest failures, oldest first, at most ten."""
        return self._known("failures").failures

    @property
    def reason(self) -> str:
        """Why it failed or was cancelled, in one line."""
        return self._known("status", "failures", "cancel_requested_at").reason

    @property
    def is_cancel_requested(self) -> bool:
        """Whether somebody asked it to end."""
        return self._known("cancel_requested_at").cancel_request is not None

    @property
    def created_at(self) -> datetime:
        """When it was added."""
        return self._known("created_at").created_at

    @property
    def run_at(self) -> datetime | None:
        """When it is due, for a delayed job."""
        return self._known("run_at").run_at

    @property
    def started_at(self) -> datetime | None:
        """When its newest run began."""
        return self._known("started_at").started_at

    @property
    def finished_at(self) -> datetime | None:
        """When it was settled for good."""
        return self._known("finished_at").finished_at

    @property
    def worker(self) -> str | None:
        """The worker that runs it now."""
        lease = self._known("lease_expires_at").lease
        return None if lease is None else lease.worker

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return self._known("labels").labels.tags

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Its metadata."""
        return self._known("labels").labels.metadata

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON values; times in ISO 8601."""
        times = ("created_at", "run_at", "started_at", "finished_at")
        return {
            "id": self.id,
            "queue": self.queue,
            "name": self.name,
            "status": self.status.value,
            "priority": self.priority,
            "data": self.data,
            "state": self.state,
            "progress": self.progress,
            "result": self.return_value,
            "attempts_made": self.attempts_made,
            "max_attempts": self.max_attempts,
            "starts": self.starts,
            "crashes": self.crashes,
            "reason": self.reason,
            "failures": [_failure_as_dict(failure) for failure in self.failures],
            "cancel_requested": self.is_cancel_requested,
            "worker": self.worker,
            "tags": list(self.tags),
            "metadata": dict(self.metadata),
            **{name: _iso(getattr(self, name)) for name in times},
        }

    def _known(self, *columns: str) -> Job:
        ensure_readable(self._job, *columns)
        return self._job

    def __repr__(self) -> str:
        status = self._job.status if "status" not in self.unreadable else "unknown"
        return f"<{type(self).__name__} {self._job.ref} {self._job.name!r} {status}>"


def decoded(job: Job, column: str, codec: Codec) -> Any:
    """The value of a JSON column of a job, None where there is none. Raises `JobUnreadable`."""
    text: str | None = getattr(job, column)
    if text is None:
        return None
    try:
        return codec.decode(text)
    except ValueError as error:
        reason = f"its {column} cannot be read: {error}"
        raise JobUnreadable(job.id, job.queue, [column], reason) from error


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")


def _failure_as_dict(failure: Failure) -> dict[str, Any]:
    return {
        "type": failure.type,
        "message": failure.message,
        "traceback": failure.traceback,
        "attempt": failure.attempt,
        "at": _iso(failure.at),
    }
