"""Rows and entities: the one module that knows what stands in which column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec

from ....core.domain.events import Event, EventType
from ....core.domain.job.failure import Failure
from ....core.domain.job.job import Job
from ....core.domain.job.lease import Lease
from ....core.domain.job.options import DEFAULT_POLICY, NO_LABELS, JobPolicy, Labels
from ....core.domain.job.record import CancelRequest
from ....core.domain.job.retention import Keep
from ....core.domain.job.retry import Backoff, BackoffKind, RetryPolicy
from ....core.domain.job.status import TERMINAL, UNSTARTED, JobStatus
from ....core.domain.queue.queue import Queue
from .forms import decode_failures, decode_labels, decode_policy

Row = Sequence[Any]


def literal_of(status: JobStatus) -> str:
    """A status as SQL spells it."""
    return f"'{status.value}'"


WAITING: Final = literal_of(JobStatus.WAITING)
"""SQL literals: a partial index serves a query only where both spell the same constant."""
DELAYED: Final = literal_of(JobStatus.DELAYED)
ACTIVE: Final = literal_of(JobStatus.ACTIVE)
BLOCKED: Final = literal_of(JobStatus.WAITING_CHILDREN)
OPEN: Final = tuple(status for status in JobStatus if status not in TERMINAL)
TERMINAL_LIST: Final = ", ".join(literal_of(status) for status in sorted(TERMINAL))
UNSTARTED_LIST: Final = ", ".join(literal_of(status) for status in sorted(UNSTARTED))

_MILLISECOND: Final = timedelta(milliseconds=1)
LAST_MS: Final = 253_370_764_800_000
"""The beginning of the year 9999: a year's room for whoever adds a span to it."""


def to_ms(at: datetime | None) -> int | None:
    """Milliseconds since the epoch."""
    return None if at is None else round(at.timestamp() * 1000)


def ms(at: datetime) -> int:
    """Milliseconds since the epoch of a moment that there is."""
    return round(at.timestamp() * 1000)


def moment(value: int) -> datetime:
    """The moment so many milliseconds after the epoch."""
    return datetime.fromtimestamp(value / 1000, UTC)


def nearest_moment(value: int) -> datetime:
    """The moment so many milliseconds after the epoch, or the first or last that there is."""
    return moment(min(max(value, 0), LAST_MS))


def from_ms(value: int | None) -> datetime | None:
    """`moment`, or None for none."""
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode

INSERTED: Final = (
    "key", "queue", "id", "name", "created_at", "policy", "labels",
)  # fmt: skip
CHANGING: Final = (
    "status", "priority", "turn", "sequence", "attempts_made", "starts", "crashes", "put_offs",
    "releases", "token", "worker", "lease_expires_at", "cancel_requested_at", "cancel_reason",
    "run_at", "lapses_at", "started_at", "finished_at", "purge_at", "failures", "result",
)  # fmt: skip
"""Columns that a save writes."""

NEW: Final = (*INSERTED, *CHANGING, "version", "data")
"""Columns of a new job; key and sequence as `number` of the job finds them."""

LOADED: Final = (*INSERTED, *CHANGING, "version", "progress", "state", "data")
"""Columns of a job, in the order in which `job_from_row` takes them."""


UNREADABLE: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    msgspec.MsgspecError,
)
"""What reading a value of the wrong type, shape or size can raise."""


class UnreadableRow(ValueError):
    """A row that no version of this library has written."""


def changing_values(job: Job) -> tuple[Any, ...]:
    """The values of `CHANGING`."""
    lease, request = job.lease, job.cancel_request
    return (
        job.status._value_,
        job.priority,
        job.turn,
        job.sequence,
        job.attempts_made,
        job.starts,
        job.crashes,
        job.put_offs,
        job.releases,
        job.token,
        None if lease is None else lease.worker,
        None if lease is None else to_ms(lease.expires_at),
        None if request is None else to_ms(request.at),
        None if request is None else request.reason,
        to_ms(job.run_at),
        to_ms(job.lapses_at),
        to_ms(job.started_at),
        to_ms(job.finished_at),
        to_ms(job.purge_at),
        failures_to_text(job.failures) if job.failures else None,
        job.result,
    )


def new_values(job: Job) -> tuple[Any, ...]:
    """The values of `NEW`."""
    return (
        job.key,
        job.queue,
        job.id,
        job.name,
        to_ms(job.created_at),
        None if job.policy is DEFAULT_POLICY else policy_to_text(job.policy),
        None if job.labels is NO_LABELS else labels_to_text(job.labels),
        *changing_values(job),
        job.version,
        job.data,
    )


def archived_values(job: Job) -> tuple[Any, ...]:
    """The values of `LOADED`."""
    *values, version, data = new_values(job)
    return (*values, version, job.progress, job.state, data)


def job_from_row(row: Row) -> Job:
    """The entity of a row of `LOADED` columns. Raises one of `UNREADABLE`."""
    (
        key, queue, id_, name, created_at, policy, labels,
        status, priority, turn, sequence, attempts_made, starts, crashes, put_offs,
        releases, token, worker, lease_expires_at, cancel_requested_at, cancel_reason,
        run_at, lapses_at, started_at, finished_at, purge_at, failures, result,
        version, progress, state, data,
    ) = row  # fmt: skip
    total = priority + turn + sequence + attempts_made + starts + crashes
    total += put_offs + releases + version
    if total.__class__ is not int:
        raise TypeError("a number that is none")
    return Job(
        key=key,
        version=version,
        progress=progress,
        state=state,
        queue=queue,
        id=id_,
        name=name,
        data=data,
        policy=DEFAULT_POLICY if policy is None else policy_from_text(policy),
        labels=NO_LABELS if labels is None else labels_from_text(labels),
        created_at=moment(created_at),
        status=_STATUS[status],
        priority=priority,
        turn=turn,
        sequence=sequence,
        attempts_made=attempts_made,
        starts=starts,
        crashes=crashes,
        put_offs=put_offs,
        releases=releases,
        token=token,
        lease=_lease(token, worker, lease_expires_at),
        cancel_request=_request(cancel_requested_at, cancel_reason),
        run_at=from_ms(run_at),
        lapses_at=from_ms(lapses_at),
        started_at=from_ms(started_at),
        finished_at=from_ms(finished_at),
        purge_at=from_ms(purge_at),
        failures=() if failures is None else failures_from_text(failures),
        result=result,
    )


_STATUS: Final = {status.value: status for status in JobStatus}


def _lease(token: str | None, worker: str | None, expires_at: int | None) -> Lease | None:
    if token is None or worker is None or expires_at is None:
        return None
    return Lease(token, worker, moment(expires_at))


def _request(at: int | None, reason: str | None) -> CancelRequest | None:
    return None if at is None else CancelRequest(moment(at), reason or "")


def failures_to_text(failures: tuple[Failure, ...]) -> str:
    """Failures as a JSON list of lists."""
    return _encode(
        [(f.type, f.message, f.traceback, f.attempt, to_ms(f.at)) for f in failures]
    ).decode()


def failures_from_text(text: str) -> tuple[Failure, ...]:
    """The failures of such a list."""
    return tuple(
        Failure(kind, message, traceback, attempt, moment(at))
        for kind, message, traceback, attempt, at in decode_failures(text)
    )


def labels_to_text(labels: Labels) -> str:
    """Labels as a JSON object."""
    return _encode(
        {
            "tags": labels.tags,
            "metadata": labels.metadata,
            "trace_context": labels.trace_context,
        }
    ).decode()


def labels_from_text(text: str) -> Labels:
    """The labels of such an object."""
    found = decode_labels(text)
    return Labels(found["tags"], found["metadata"], found["trace_context"])


def _span(value: timedelta | None) -> int | None:
    return None if value is None else value // _MILLISECOND


def _unspan(value: int | None) -> timedelta | None:
    return None if value is None else timedelta(milliseconds=value)


def _keep_to_json(keep: Keep) -> list[int | None]:
    return [keep.count, _span(keep.age)]


def _keep_from_json(value: tuple[int | None, int | None]) -> Keep:
    return Keep(value[0], _unspan(value[1]))


@lru_cache(maxsize=1_024)
def policy_to_text(policy: JobPolicy) -> str:
    """A policy as a JSON object, every rule spelt out: later defaults do not change it."""
    retry, backoff = policy.retry, policy.retry.backoff
    return _encode(
        {
            "max_attempts": retry.max_attempts,
            "backoff": [
                backoff.kind.value,
                _span(backoff.base),
                backoff.factor,
                _span(backoff.cap),
                backoff.name,
            ],
            "jitter": retry.jitter,
            "never": sorted(retry.never),
            "timeout": _span(policy.timeout),
            "deadline": to_ms(policy.deadline),
            "keep_completed": _keep_to_json(policy.keep_completed),
            "keep_failed": _keep_to_json(policy.keep_failed),
            "keep_logs": policy.keep_logs,
            "max_crashes": policy.max_crashes,
            "max_starts": policy.max_starts,
            "max_payload": policy.max_payload,
        }
    ).decode()


@lru_cache(maxsize=1_024)
def policy_from_text(text: str) -> JobPolicy:
    """The policy of such an object."""
    found = decode_policy(text)
    kind, base, factor, cap, name = found["backoff"]
    backoff = Backoff(
        BackoffKind(kind), timedelta(milliseconds=base), factor, timedelta(milliseconds=cap), name
    )
    retry = RetryPolicy(found["max_attempts"], backoff, found["jitter"], found["never"])
    return JobPolicy(
        retry=retry,
        timeout=_unspan(found["timeout"]),
        deadline=from_ms(found["deadline"]),
        keep_completed=_keep_from_json(found["keep_completed"]),
        keep_failed=_keep_from_json(found["keep_failed"]),
        keep_logs=found["keep_logs"],
        max_crashes=found["max_crashes"],
        max_starts=found["max_starts"],
        max_payload=found["max_payload"],
    )


EVENT: Final = ("at", "type", "queue", "job_id", "data")
"""Columns written for an event."""


def event_values(event: Event, at: int) -> tuple[Any, ...]:
    """The values of `EVENT`; `at` is the time of the unit in milliseconds."""
    data = event.data
    return (at, event.type._value_, event.queue, event.job_id, json_text(data) if data else None)


def json_text(value: object) -> str:
    """A small value as JSON."""
    return _encode(value).decode()


def event_from_row(row: Row) -> Event:
    """The event of a row: id, then the `EVENT` columns."""
    id_, at, kind, queue, job_id, data = row
    details = None if data is None else _decode(data)
    return Event(EventType(kind), moment(at), queue, job_id, details, id_)


QUEUE: Final = ("name", "paused", "turn", "drained_at")
"""Columns of a queue."""


def queue_values(queue: Queue) -> tuple[Any, ...]:
    """The values of `QUEUE`."""
    return (queue.name, int(queue.is_paused), queue.turn, to_ms(queue.drained_at))


def queue_from_row(row: Row) -> Queue:
    """The queue of a row of `QUEUE` columns."""
    name, paused, turn, drained = row
    return Queue(name=name, is_paused=bool(paused), turn=turn, drained_at=from_ms(drained))
