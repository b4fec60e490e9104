"""Jobs in every state, made by their own verbs; each builder takes only what matters."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from errands.core.domain.events import Event, EventType
from errands.core.domain.job.failure import ErrorInfo
from errands.core.domain.job.identity import JobRef
from errands.core.domain.job.job import Job
from errands.core.domain.job.lease import Claim
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.options import JobOptions
from errands.core.domain.job.outcome import Fail
from errands.core.domain.job.status import JobStatus

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
FIRST_RUN = "token-1"


@attrs.define
class Sequences:
    """Sequences as a store draws them: each one greater than the last."""

    last: int = 100

    def __call__(self) -> int:
        self.last += 1
        return self.last


def added(*, sequence: int = 1, **options: object) -> Job:
    """A job that was just added with these options."""
    job, _ = birth(sequence=sequence, **options)
    return job


def birth(*, sequence: int = 1, **options: object) -> tuple[Job, tuple[Event, ...]]:
    """What adding a job gives: the job and its first events."""
    job, events = Job.add(
        ref=JobRef("mail", "job-1"),
        name="send",
        data="{}",
        options=JobOptions.of(options),
        moment=Moment(NOW),
    )
    job.number(sequence)
    return job, events


def claim(token: str = FIRST_RUN, *, worker: str = "worker-1") -> Claim:
    return Claim(queue="mail", limit=1, worker=worker, token=token, lease=30 * SECOND)


def active(**options: Any) -> Job:
    """A job in its first run."""
    job = added(**options)
    job.claim(claim(), Moment(NOW))
    return job


def flagged(**options: Any) -> Job:
    """A job whose run was asked to end."""
    job = active(**options)
    job.cancel("not wanted", Moment(NOW))
    return job


def blocked(**options: Any) -> Job:
    """A job that waits for one child."""
    job = active(**options)
    job.await_children(1, Moment(NOW))
    return job


def snoozed(**options: Any) -> Job:
    """A job that is delayed although it has run before."""
    job = active(**options)
    job.snooze(SECOND, Moment(NOW))
    return job


def failed(**options: Any) -> Job:
    """A job that ended as failed."""
    job = active(**options)
    job.fail(a_failure(is_permanent=True), Moment(NOW, Sequences()))
    return job


def completed(**options: Any) -> Job:
    """A job that ended well."""
    job = active(**options)
    job.complete("42", Moment(NOW))
    return job


def cancelled(**options: Any) -> Job:
    """A job that was cancelled before it ran."""
    job = added(**options)
    job.cancel("not wanted", Moment(NOW))
    return job


MAKERS: Final[dict[JobStatus, Callable[[], Job]]] = {
    JobStatus.WAITING: added,
    JobStatus.DELAYED: lambda: added(delay=60),
    JobStatus.WAITING_CHILDREN: blocked,
    JobStatus.ACTIVE: active,
    JobStatus.COMPLETED: completed,
    JobStatus.FAILED: failed,
    JobStatus.CANCELLED: cancelled,
}


def in_status(status: JobStatus) -> Job:
    """A job in this status."""
    return MAKERS[status]()


def a_failure(
    message: str = "boom",
    *,
    is_permanent: bool = False,
    retry_in: timedelta | None = None,
    chance: float = 0.0,
) -> Fail:
    return Fail(ErrorInfo.of("ValueError", message), is_permanent, retry_in, chance)


def fields_of(job: Job) -> dict[str, Any]:
    """Everything a job knows, to compare."""
    return {field.name: getattr(job, field.name) for field in attrs.fields(Job)}


def kinds(events: Iterable[Event]) -> list[EventType]:
    """What happened, without the details."""
    return [event.type for event in events]
