"""A job as people see it: values, at the moment it was read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..domain.job.failure import Failure
from ..domain.job.identity import JobRef
from ..domain.job.job import Job
from ..domain.job.status import JobStatus
from ..ports.codec import Codec


class JobSnapshot:
    """The fields of a job when it was last read; `refresh` of a handle reads it again.

    Times are aware UTC datetimes, JSON values are decoded anew on each access.
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
    def status(self) -> JobStatus:
        """Where it stands."""
        return self._job.status

    @property
    def data(self) -> Any:
        """The input."""
        return self._codec.decode(self._job.data)

    @property
    def state(self) -> Any:
        """What the handler saved with `save_state`, None before."""
        return None if self._job.state is None else self._codec.decode(self._job.state)

    @property
    def progress(self) -> Any:
        """What the handler reported last, None before."""
        return None if self._job.progress is None else self._codec.decode(self._job.progress)

    @property
    def return_value(self) -> Any:
        """The result of a completed job, None for others."""
        return None if self._job.result is None else self._codec.decode(self._job.result)

    @property
    def priority(self) -> int:
        """Higher is more urgent."""
        return self._job.priority

    @property
    def attempts_made(self) -> int:
        """Runs that ended by completing or failing."""
        return self._job.attempts_made

    @property
    def max_attempts(self) -> int:
        """Total runs it may have."""
        return self._job.policy.retry.max_attempts

    @property
    def starts(self) -> int:
        """Runs that began, but for those given back."""
        return self._job.starts

    @property
    def crashes(self) -> int:
        """Runs whose worker was lost."""
        return self._job.crashes

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The newest failures, oldest first, at most ten."""
        return self._job.failures

    @property
    def reason(self) -> str:
        """Why it failed or was cancelled, in one line."""
        return self._job.reason

    @property
    def is_cancel_requested(self) -> bool:
        """Whether somebody asked it to end."""
        return self._job.cancel_request is not None

    @property
    def created_at(self) -> datetime:
        """When it was added."""
        return self._job.created_at

    @property
    def run_at(self) -> datetime | None:
        """When it is due, for a delayed job."""
        return self._job.run_at

    @property
    def started_at(self) -> datetime | None:
        """When its newest run began."""
        return self._job.started_at

    @property
    def finished_at(self) -> datetime | None:
        """When it was settled for good."""
        return self._job.finished_at

    @property
    def worker(self) -> str | None:
        """The worker that runs it now."""
        return None if self._job.lease is None else self._job.lease.worker

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return self._job.labels.tags

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Its metadata."""
        return self._job.labels.metadata

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON values; times in ISO 8601."""
        job = self._job
        times = ("created_at", "run_at", "started_at", "finished_at")
        return {
            "id": job.id,
            "queue": job.queue,
            "name": job.name,
            "status": job.status.value,
            "priority": job.priority,
            "data": self.data,
            "state": self.state,
            "progress": self.progress,
            "result": self.return_value,
            "attempts_made": job.attempts_made,
            "max_attempts": self.max_attempts,
            "starts": job.starts,
            "crashes": job.crashes,
            "reason": job.reason,
            "failures": [_failure_as_dict(failure) for failure in job.failures],
            "cancel_requested": self.is_cancel_requested,
            "worker": self.worker,
            "tags": list(job.labels.tags),
            "metadata": dict(job.labels.metadata),
            **{name: _iso(getattr(job, name)) for name in times},
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._job.ref} {self._job.name!r} {self._job.status}>"


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
