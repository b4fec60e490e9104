"""Every error that Errands raises, under one root.

An error carries typed fields and builds its message in one place, so that a
program can act on the fields and a person can read the sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_HERE: Final = __name__.removesuffix("errors")


class ErrandsError(Exception):
    """The root of all errors of this library.

    Tracebacks and stored failures name its own errors as programs import them.
    """

    __module__ = "errands"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__.startswith(_HERE):
            cls.__module__ = "errands"


class InvalidOption(ErrandsError, ValueError):
    """A value was refused before anything was stored.

    `field` names the option or argument, `reason` says what is wrong with it,
    `index` is the position of the refused member in `add_many`, else None.
    """

    def __init__(self, field: str, reason: str, *, index: int | None = None) -> None:
        self.field = field
        self.reason = reason
        self.index = index
        where = f"{field} of member {index}" if index is not None else field
        super().__init__(f"{where}: {reason}")

    def at(self, index: int) -> InvalidOption:
        """The same refusal, naming the member of an `add_many` it belongs to."""
        return type(self)(self.field, self.reason, index=index)


class UnknownOption(InvalidOption, TypeError):
    """An option that this version does not know."""


class InvalidPayload(InvalidOption):
    """Data, state or a result that cannot be kept as JSON."""


class PayloadTooLarge(InvalidPayload):
    """A payload whose JSON text has more UTF-8 bytes than its bound."""


class JobNotFound(ErrandsError, LookupError):
    """No job has this id (in this queue, where one was named)."""

    def __init__(self, job_id: str, queue: str | None = None) -> None:
        self.job_id = job_id
        self.queue = queue
        where = f" in queue {queue!r}" if queue is not None else ""
        super().__init__(f"job_id: no job {job_id!r}{where}")


class JobRemoved(JobNotFound):
    """The job was removed while somebody waited for its result."""


class AmbiguousJobId(ErrandsError, LookupError):
    """A bare id that several queues use; `queues` names them."""

    def __init__(self, job_id: str, queues: Sequence[str]) -> None:
        self.job_id = job_id
        self.queues = tuple(queues)
        names = ", ".join(repr(name) for name in self.queues)
        super().__init__(f"job_id: {job_id!r} is used in several queues: {names}; name one")


class IllegalTransition(ErrandsError):
    """The job's status does not allow this verb; nothing was changed."""

    def __init__(self, job_id: str, verb: str, status: str) -> None:
        self.job_id = job_id
        self.verb = verb
        self.status = status
        super().__init__(f"job {job_id!r} is {status}: {verb} is not allowed")


class JobUnreadable(ErrandsError):
    """What was asked needs columns of the stored job that this version cannot read.

    `columns` names them, `reason` says what is wrong with them.
    """

    def __init__(self, job_id: str, queue: str, columns: Sequence[str], reason: str) -> None:
        self.job_id = job_id
        self.queue = queue
        self.columns = tuple(columns)
        self.reason = reason
        super().__init__(f"job {job_id!r} in queue {queue!r}: {reason}")


class LeaseLost(ErrandsError):
    """Another write has taken the lease; what this run reports no longer counts."""

    def __init__(self, job_id: str, queue: str) -> None:
        self.job_id = job_id
        self.queue = queue
        super().__init__(f"job {job_id!r} in queue {queue!r}: this run's lease was taken")


class JobFailed(ErrandsError):
    """Raised to those who wait for the result of a job that ended as failed."""

    def __init__(self, job_id: str, reason: str) -> None:
        self.job_id = job_id
        self.reason = reason
        super().__init__(f"job {job_id!r} failed: {reason}")


class JobCancelled(ErrandsError):
    """The job was cancelled: raised to those who wait for it, and inside a sync handler."""

    def __init__(self, job_id: str, reason: str) -> None:
        self.job_id = job_id
        self.reason = reason
        super().__init__(f"job {job_id!r} was cancelled: {reason or 'no reason given'}")


UNKNOWN: Final = "unknown"
"""The status of a job about which the store has not answered."""


class ResultTimeout(ErrandsError, TimeoutError):
    """The job was not settled within the time somebody was willing to wait.

    `status` is that of the job, or "unknown" where the store did not answer in time.
    """

    def __init__(self, job_id: str, seconds: float, status: str) -> None:
        self.job_id = job_id
        self.seconds = seconds
        self.status = status
        told = f"is still {status}" if status != UNKNOWN else "is not told of by its store"
        super().__init__(f"job {job_id!r} {told} after {seconds:g} s")


class PermanentFailure(ErrandsError):
    """Raise it in a handler to fail the job without any further attempt."""


class HandlerConflict(ErrandsError, ValueError):
    """A second handler for a name that already has one in this queue."""

    def __init__(self, queue: str, name: str) -> None:
        self.queue = queue
        self.name = name
        super().__init__(f"name: queue {queue!r} already has a handler for {name!r}")


class WorkerStateError(ErrandsError, RuntimeError):
    """A worker or scheduler was run twice, or after it was closed."""
