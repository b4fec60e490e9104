"""Every error that Errands raises, under one root.

An error carries typed fields and builds its message in one place, so that a
program can act on the fields and a person can read the sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final


class ErrandsError(Exception):
    """The root of all errors of this library."""


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


class StoreError(ErrandsError):
    """The store could not do what was asked; `url` never shows a password, and may be empty.

    `passes`: the same may succeed a little later. `is_permanent`: nothing will succeed for
    anybody until somebody mends the database. Where both are False, it is this write that
    failed; others may succeed. `is_of_connecting`: it was met before anything was asked for, so
    that it is no one write's own.
    """

    summary = "the store failed"
    passes: ClassVar[bool] = False
    is_permanent: ClassVar[bool] = False
    is_of_connecting = False

    def __init__(self, url: str, detail: str = "") -> None:
        self.url = url
        self.detail = detail
        super().__init__(": ".join(part for part in (url, self.summary, detail) if part))


class StoreRefused(StoreError, ValueError):
    """The database does not take one of these values.

    It is too long for a statement or a row, has a character or a number that cannot be kept,
    or a constraint or trigger of the database forbids it.
    """

    summary = "does not take this value"


class InvalidDatabaseUrl(StoreError, ValueError):
    """The URL cannot be parsed or names a database Errands does not speak."""

    is_permanent = True
    summary = "not a database URL that Errands can use"


class MissingDriver(StoreError, ImportError):
    """The database's driver is not installed."""

    is_permanent = True
    summary = "its driver is not installed"


class StoreNotOpen(StoreError, RuntimeError):
    """Used before `initialize()` or after `shutdown()`."""

    is_permanent = True
    summary = "used before initialize() or after shutdown()"


class OpenAtFork(StoreError, RuntimeError):
    """A forked process cannot use a database that its parent had open at the fork."""

    summary = "was open when this process was forked, and cannot be used here"


class StoreUnavailable(StoreError, OSError):
    """The database cannot be reached or opened."""

    passes = True
    summary = "cannot be opened"


class StoreUnusable(StoreUnavailable):
    """The database lacks a table, a right, or itself, or it cannot hold what Errands writes.

    Somebody has to mend that.
    """

    passes = False
    is_permanent = True
    summary = "cannot be used as it is"


class StoreReadOnly(StoreUnavailable):
    """The database, its file or its directory cannot be written."""

    summary = "is read-only"


class StoreFull(StoreUnavailable):
    """There is no room left on the disk; nothing of the unit was kept."""

    summary = "the disk is full"


class StoreGaveUp(StoreUnavailable):
    """The server broke this statement off: it took too long, or needed more than there was.

    The same may succeed a little later, or be broken off each time.
    """

    summary = "broke the statement off"


class StoreCorrupt(StoreError):
    """The file is not a database, or is damaged."""

    summary = "is not a sound database file"


class StoreBusy(StoreError, TimeoutError):
    """Another process held the write lock for longer than the busy limit."""

    passes = True
    summary = "stayed locked by another writer"


class NewerSchema(StoreError):
    """The schema was made by a newer Errands than this one."""

    is_permanent = True
    summary = "has a schema newer than this version of Errands"


class OutdatedSchema(StoreError):
    """The schema is older than this version needs, and migrating was turned off."""

    is_permanent = True
    summary = "needs a migration: run `errands db migrate`"


class CopyRefused(StoreError):
    """A database that cannot be copied, or cannot take a copy, as it is; nothing was changed."""

    summary = "no copy was made"


class SourceChanged(StoreError):
    """A database that was written to while it was copied; the copy is of no use yet."""

    summary = "was written to while it was copied"


class ConnectionRefused(ErrandsError, ValueError):
    """A caller's connection that cannot carry Errands' writes; `reason` says why."""

    def __init__(self, reason: str) -> None:
        self.field = "connection"
        self.reason = reason
        super().__init__(f"connection: {reason}")


class DifferentDatabase(ConnectionRefused):
    """A caller's connection to another database than the one the queue lives in."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(f"is not connected to the database of this queue ({url})")


def _show_public_names() -> None:
    """Let tracebacks and stored failures name errors as programs import them."""
    for value in list(globals().values()):
        if isinstance(value, type) and issubclass(value, ErrandsError):
            value.__module__ = "errands"


_show_public_names()
